// What a file server should do, one check a line: seen from the outside, using only requests and the disk.

/**
 * A list of checks, and how to add one: `check(group, name, run, at)`.
 * `name` states the requirement. `run` gets `get(target, ...fields)`, `ask(method, target, fields, options)`, `touch(path)`,
 * `port`, `pid` and `root`, and resolves with true when it is met. `at` is the mode of serving it tests: the `site`, the same
 * with `listing`s, or as a single-page `application`.
 */
export function collect() {
  const checks = []
  const check = (group, name, run, at = 'site') => void checks.push({ group, name, run, at })
  return { check, checks }
}

/** The Accept field that browsers send for a navigation. */
export const html = 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
