import { spawn } from 'node:child_process'

/** Opens a page in this machine's browser. Without one, nothing happens. */
export function openInBrowser(url: string): void {
  const [program, ...args]: readonly [string, ...string[]] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url]
  const child = spawn(program, args, { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
