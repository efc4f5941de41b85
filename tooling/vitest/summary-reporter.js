import { writeFileSync } from 'node:fs'

/** Hands the counts of a run to tooling/test.mjs, which adds its own steps and prints the last line. */
export default class SummaryReporter {
  onTestRunEnd(modules, errors) {
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
}
