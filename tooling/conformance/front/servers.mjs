// The front servers of the checks, each with its configuration from this folder.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { accepts } from './site.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))

function installed(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/**
 * Those that can be started here.
 * @param program the gateway's, built
 */
export function servers(program) {
  const all = [
    { name: 'gateway', path: process.execPath, file: 'gateway.json', args: (config) => [program, config] },
    {
      name: 'nginx',
      path: installed('nginx'),
      file: 'nginx.conf',
      args: (config, home) => ['-p', home, '-e', 'stderr', '-c', config],
      log: 'nginx.log',
    },
    {
      name: 'caddy',
      path: installed('caddy'),
      file: 'Caddyfile',
      args: (config) => ['run', '--adapter', 'caddyfile', '--config', config],
      log: 'caddy.log',
    },
  ]
  return all.filter(({ path }) => path !== undefined)
}

/** Starts one for a site. @throws Error when it does not listen. */
export async function start({ name, path, file, args, log }, site) {
  const values = await site.values()
  const config = join(site.home, file)
  writeFileSync(
    config,
    readFileSync(join(here, file), 'utf8')
      // Ports are numbers, and places for them texts, so that the file is JSON.
      .replaceAll(/"port": "\{\{(\w+)\}\}"/g, (_, key) => `"port": ${values[key]}`)
      .replaceAll(/\{\{(\w+)\}\}/g, (_, key) => String(values[key])),
  )
  const child = spawn(path, args(config, site.home), { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const stop = () => {
    child.kill('SIGKILL')
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
