import { writeFileSync } from 'node:fs'

/**
 * Names the tests that passed only on retry, and passes the counts and what failed to
 * tooling/test.mjs, which adds its steps and prints the last lines.
 */
export default class SummaryReporter {
  onTestRunEnd(modules, unhandled) {
    for (const module of modules) for (const test of module.children.allTests()) this.#tellOfRetry(test)
    const file = process.env.SPILLWAY_TEST_COUNTS
    if (!file) return
    const counts = { passed: 0, failed: 0, skipped: 0 }
    const failures = []
    const fail = (name, [error]) => {
      counts.failed += 1
      failures.push(`${name}: ${firstLine(error)}`)
    }
    for (const error of unhandled) fail('outside of a test', [error])
    for (const module of modules) {
      if (module.errors().length > 0) fail(fileOf(module), module.errors())
      for (const test of module.children.allTests()) {
        const { state, errors = [] } = test.result()
        if (state === 'failed') fail(nameOf(test), errors)
        else counts[state === 'passed' ? state : 'skipped'] += 1
      }
    }
    writeFileSync(file, JSON.stringify({ counts, failures }))
  }

  #tellOfRetry(test) {
    if (!test.diagnostic()?.flaky) return
    console.log(`Passed at the second try only: ${nameOf(test)}`)
    for (const error of test.result().errors ?? []) console.log(`  ${firstLine(error)}`)
  }
}

function firstLine(error) {
  return String(error?.message).split('\n', 1)[0]
}

/** The same file is in several packages. */
function fileOf(module) {
  return `${module.project.name} ${module.relativeModuleId}`
}

function nameOf(test) {
  return `${fileOf(test.module)} > ${test.fullName}`
}
