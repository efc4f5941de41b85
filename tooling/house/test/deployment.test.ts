import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../../apps/gateway/src/config.ts'
import { findTool, spawnSync, withTools } from '../../vitest/tools.js'

const folder = fileURLToPath(new URL('../../../docs/deployment', import.meta.url))
const examples = fileURLToPath(new URL('../../../apps/docs/examples', import.meta.url))
const [nginx, haproxy, caddy, systemd] = ['nginx', 'haproxy', 'caddy', 'systemd-analyze'].map((name) =>
  findTool(name),
) as [
  ReturnType<typeof findTool>,
  ReturnType<typeof findTool>,
  ReturnType<typeof findTool>,
  ReturnType<typeof findTool>,
]

/** The output of a program that rejects a file; empty when it accepts it. */
function complaint(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, [...args], { encoding: 'utf8' })
  return status === 0 ? '' : `${stdout}${stderr}`
}

function temporary(): string {
  const made = mkdtempSync(join(tmpdir(), 'spillway-deployment-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

withTools(nginx)('nginx', () => {
  it('takes its file', () => {
    const home = temporary()
    const args = ['-t', '-e', 'stderr', '-p', home, '-c', join(folder, 'nginx.conf'), '-g', `pid ${home}/pid;`]
    expect(complaint(nginx.path, args)).toBe('')
  })
})

withTools(haproxy)('HAProxy', () => {
  it.each([
    join(folder, 'haproxy.cfg'),
    join(folder, 'haproxy-tcp.cfg'),
    fileURLToPath(new URL('../../reliability/rehearse/haproxy.cfg', import.meta.url)),
  ])('takes %s', (file) => {
    expect(complaint(haproxy.path, ['-c', '-f', file])).toBe('')
  })

  it('would refuse another one', () => {
    const file = join(temporary(), 'wrong.cfg')
    writeFileSync(file, 'defaults\n  timeout nothing 5s\n')
    expect(complaint(haproxy.path, ['-c', '-f', file])).not.toBe('')
  })
})

withTools(caddy)('Caddy', () => {
  it('takes its file', () => {
    const args = ['validate', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]
    expect(complaint(caddy.path, args)).toBe('')
  })
})

describe('the gateway', () => {
  it('takes its file', () => {
    const config = readConfig(join(folder, 'gateway.json'))
    const unit = readFileSync(join(folder, 'gateway.service'), 'utf8')
    expect(Number(/TimeoutStopSec=(\d+)/.exec(unit)![1]) * 1000).toBeGreaterThan(config.deadline + config.announce)
    const [, state] = /StateDirectory=(\S+)/.exec(unit)!
    expect(config.acme!.folder).toMatch(new RegExp(`^/var/lib/${state}/`))
  })
})

withTools(systemd)('systemd', () => {
  it('takes the units', () => {
    const units = ['application.service', 'application.socket', 'gateway.service'].map((name) => join(folder, name))
    units.push(join(examples, 'deploy/shop.service'))
    const { stdout, stderr } = spawnSync(systemd.path, ['verify', ...units], { encoding: 'utf8' })
    // It exits with 0 even for a directive that it does not know.
    expect(`${stdout}${stderr}`).toBe('')
  })
})

describe('the guide', () => {
  const guide = readFileSync(join(folder, 'README.md'), 'utf8')

  it('leads to every file beside it', () => {
    const files = readdirSync(folder).filter((name) => name !== 'README.md')
    expect(files.length).toBeGreaterThan(7)
    expect(files.filter((name) => !guide.includes(`](${name})`))).toEqual([])
  })

  it.each([
    [folder, 'kubernetes.yaml', 'application.service', 'kubernetes.yaml'],
    [folder, 'kubernetes.yaml', 'compose.yaml', 'kubernetes.yaml'],
    [examples, 'deploy/shop.yaml', 'deploy/shop.service', 'production.ts'],
  ])('in %s gives %s and %s more time than the application of %s takes', (where, pod, other, application) => {
    const read = (name: string): string => readFileSync(join(where, name), 'utf8')
    const [, announce, deadline] = /announce: ([\d_]+), deadline: ([\d_]+)/.exec(read(application))!
    const needed = [announce, deadline].reduce((sum, ms) => sum + Number(ms!.replaceAll('_', '')), 0)
    for (const name of [pod, other]) {
      const [, grace] = /(?:terminationGracePeriodSeconds: |TimeoutStopSec=|stop_grace_period: )(\d+)/.exec(read(name))!
      expect(Number(grace) * 1000).toBeGreaterThan(needed)
    }
    expect(read(pod)).toContain('path: /ready,')
    expect(read(pod)).toContain('path: /live,')
  })

  it.each([
    join(folder, 'application.service'),
    join(folder, 'gateway.service'),
    join(examples, 'deploy/shop.service'),
  ])('has a unit that may write temporary files: %s', (unit) => {
    const lines = readFileSync(unit, 'utf8').split('\n')
    // Which makes /tmp read-only, too.
    expect(lines).toContain('ProtectSystem=strict')
    expect(lines.filter((line) => /^PrivateTmp=(?:yes|true)$/.test(line))).toHaveLength(1)
  })
})
