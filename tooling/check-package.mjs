// Checks the package in the current folder as its users will get it: packed, then publint and arethetypeswrong.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bin, pnpm } from './setup.mjs'

function execute([command, ...args]) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', shell: process.platform === 'win32' })
  if (status === 0) return
  console.error(`${command} failed:\n${stdout}${stderr}`)
  process.exitCode = 1
}

const folder = mkdtempSync(join(tmpdir(), 'spillway-pack-'))
try {
  execute(pnpm('pack', '--pack-destination', folder))
  for (const name of readdirSync(folder)) {
    const tarball = join(folder, name)
    execute([bin('publint'), tarball, '--strict'])
    execute([bin('attw'), tarball, '--profile', 'esm-only', '--format', 'ascii'])
  }
} finally {
  rmSync(folder, { recursive: true })
}
