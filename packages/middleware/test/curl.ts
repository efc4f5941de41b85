import { type Tool, execFile, findTool } from '@spillway/vitest-config/tools'

export const curlTool: Tool = findTool('curl')

/** What curl writes to its standard output; fails as it does. */
export function curl(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(curlTool.path, ['--silent', '--show-error', ...args], (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    )
  })
}
