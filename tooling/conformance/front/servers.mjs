// The front servers of the checks, each with its configuration from this folder.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findTool, spawn } from '../../vitest/programs.js'
import { accepts } from './site.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))

const nginx = findTool('nginx')
const caddy = findTool('caddy')

/**
 * Those that can be started here.
 * @param program the gateway's, built
 */
export function servers(program) {
  const all = [
    {
      name: 'gateway',
      tool: { path: process.execPath, isMissing: false },
      file: 'gateway.json',
      args: (config) => [program, config],
    },
    {
      name: 'nginx',
      tool: nginx,
      file: 'nginx.conf',
      args: (config, home) => ['-p', home, '-e', 'stderr', '-c', config],
      log: 'nginx.log',
    },
    {
      name: 'caddy',
      tool: caddy,
      file: 'Caddyfile',
      args: (config) => ['run', '--adapter', 'caddyfile', '--config', config],
      log: 'caddy.log',
    },
  ]
  return all.filter(({ tool }) => !tool.isMissing)
}

/** Starts a server for a site. @throws Error when it does not listen. */
export async function start({ name, tool, file, args, log }, site) {
  const values = await site.values()
  const config = join(site.home, file)
  writeFileSync(
    config,
    readFileSync(join(here, file), 'utf8')
      // Ports are numbers, but their placeholders are strings, so that the template is valid JSON.
      .replaceAll(/"port": "\{\{(\w+)\}\}"/g, (_, key) => `"port": ${values[key]}`)
      .replaceAll(/\{\{(\w+)\}\}/g, (_, key) => String(values[key])),
  )
  const child = spawn(tool.path, args(config, site.home), { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const stop = () => {
    // A server with child processes ends them itself.
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), 3000).unref()
    return ended
  }
  try {
    await Promise.race([
      accepts({ port: values.HTTPS, host: '127.0.0.1' }),
      ended.then(() => {
        throw new Error(errors)
      }),
    ])
  } catch (error) {
    await stop()
    throw new Error(`${name} does not start: ${errors || error.message}`, { cause: error })
  }
  return {
    http: values.HTTP,
    https: values.HTTPS,
    app: site.app,
    log: () => (log ? readFileSync(join(site.home, log), 'utf8') : output),
    stop,
  }
}
