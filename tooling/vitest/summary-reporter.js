import { writeFileSync } from 'node:fs'

/** Names the tests that passed only on retry, and passes the counts to tooling/test.mjs, which adds its steps and prints the last line. */
export default class SummaryReporter {
  onTestRunEnd(modules, errors) {
    for (const module of modules) for (const test of module.children.allTests()) this.#tellOfRetry(test)
    const file = process.env.SPILLWAY_TEST_COUNTS
    if (!file) return
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed += 1
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        counts[state === 'passed' || state === 'failed' ? state : 'skipped'] += 1
      }
    }
    writeFileSync(file, JSON.stringify(counts))
  }

  #tellOfRetry(test) {
    if (!test.diagnostic()?.flaky) return
    console.log(`Passed at the second try only: ${test.module.relativeModuleId} > ${test.fullName}`)
    for (const { message } of test.result().errors ?? []) console.log(`  ${message.split('\n', 1)[0]}`)
  }
}
