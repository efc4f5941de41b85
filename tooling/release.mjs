// `npm run release`: builds and checks the packages, then publishes those whose version is not published yet. With
// `--dry-run` it packs everything that it would publish, but publishes nothing.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { must, publishedPackages, root, run, setup } from './setup.mjs'

// What reads the options needs core, and a fresh clone has not built it.
if (!existsSync(join(root, 'packages/core/dist'))) {
  setup()
  must('turbo', 'run', 'build', '--filter=@spillway/core')
}
const { askedOf } = await import('./command-line/index.js')
const usage = '[--dry-run]: builds and checks the packages, and publishes those whose version is new'
const options = { 'dry-run': { type: 'boolean', help: 'packs what it would publish, and publishes nothing' } }
const isDry = askedOf('release', { usage, options, most: 0 }, (_, values) => values['dry-run'] === true)
setup()
must('turbo', 'run', 'build', 'check:pkg', ...[...publishedPackages().keys()].map((name) => `--filter=${name}`))
if (!isDry) process.exitCode = run('changeset', 'publish')
else {
  for (const name of publishedPackages().keys()) {
    must('pnpm', '--filter', name, 'publish', '--dry-run', '--no-git-checks')
    console.log(`${name} is ready`)
  }
}
