import { spawn } from '@spillway/vitest-config/programs'

/** Starts a built lab on a free port. @returns its process, and where it is once it listens. */
export async function startLab(main) {
  const server = spawn(process.execPath, [main], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const piece of server.stdout) {
    text += piece
    if (text.includes('Ctrl-C')) break
  }
  server.stdout.resume()
  return { server, url: /http:\/\/[\w.:]+/.exec(text)[0] }
}
