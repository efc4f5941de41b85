import { utimesSync } from 'node:fs'
import { ask } from './client.mjs'
import { checks } from './checks.mjs'
import { changed } from './site.mjs'

/**
 * Runs all checks against one server.
 * @param {string} root the site it serves
 * @param {Record<string, { port: number, pid: number } | undefined>} instances by mode; checks of a missing one fail
 * @param {(result: object) => void} seen called after each
 */
export async function score(root, instances, seen = () => {}) {
  const results = []
  for (const { group, name, run, at } of checks) {
    const instance = instances[at]
    let passed = false
    let error
    if (instance) {
      const { port, pid } = instance
      const tools = {
        root,
        port,
        pid,
        ask: (method, target, fields, options) => ask(port, method, target, fields, options),
        get: (target, ...fields) => ask(port, 'GET', target, fields),
        touch: (path) => utimesSync(path, changed, changed),
      }
      try {
        passed = (await run(tools)) === true
      } catch (thrown) {
        error = thrown
      }
    }
    const result = { group, name, passed, error }
    results.push(result)
    seen(result)
  }
  return results
}
