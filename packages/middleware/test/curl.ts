import { execFile, execFileSync } from 'node:child_process'

/** Whether there is `curl`; without it its tests are skipped, and that is said. */
export const hasCurl: boolean = find()

function find(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    process.stderr.write('middleware: no `curl` on the PATH, so the tests with it are skipped\n')
    return false
  }
}

/** What curl writes to its standard output; fails as it does. */
export function curl(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('curl', ['--silent', '--show-error', ...args], (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    )
  })
}
