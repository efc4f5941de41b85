// `npm run release`: builds and checks the packages, then publishes those whose version is not out yet. With `--dry-run`
// it stops before the registry, having packed everything that would have gone there.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { must, root, run, setup } from './setup.mjs'

const dryRun = process.argv.includes('--dry-run')
setup()
must(
  'turbo',
  'run',
  'build',
  'check:pkg',
  '--filter=./packages/*',
  '--filter=@spillway/serve',
  '--filter=@spillway/replay',
)
if (!dryRun) process.exitCode = run('changeset', 'publish')
else {
  for (const folder of [
    ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`),
    'apps/serve',
    'apps/replay',
  ]) {
    const { name } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    must('pnpm', '--filter', name, 'publish', '--dry-run', '--no-git-checks')
    console.log(`${name} is ready`)
  }
}
