import { writeFileSync } from 'node:fs'

/** Passes what became of each test file to tooling/test.mjs, which adds its steps and prints the last lines. */
export default class SummaryReporter {
  onTestRunEnd(modules, unhandled) {
    const path = process.env.SPILLWAY_TEST_RESULTS
    if (!path) return
    const files = {}
    for (const module of modules) files[module.moduleId] = summaryOf(module)
    if (unhandled.length > 0)
      files[''] = { passed: 0, failed: unhandled.length, skipped: 0, failures: unhandled.map(firstLine) }
    writeFileSync(path, JSON.stringify(files))
  }
}

function summaryOf(module) {
  const summary = { passed: 0, failed: 0, skipped: 0, failures: [] }
  const fail = (name, [error]) => {
    summary.failed += 1
    // The same file name is in several packages.
    summary.failures.push(`${module.project.name} ${module.relativeModuleId}${name}: ${firstLine(error)}`)
  }
  // A file that cannot be loaded, and hooks that fail.
  for (const entity of [module, ...module.children.allSuites()])
    if (entity.errors().length > 0) fail(entity === module ? '' : ` > ${entity.fullName}`, entity.errors())
  for (const test of module.children.allTests()) {
    const { state, errors = [] } = test.result()
    if (state === 'failed') fail(` > ${test.fullName}`, errors)
    else summary[state === 'passed' ? state : 'skipped'] += 1
  }
  return summary
}

function firstLine(error) {
  return String(error?.message).split('\n', 1)[0]
}
