// `npm run release`: builds and checks the packages, then publishes those whose version is not published yet. With
// `--dry-run` it packs everything that it would publish, but publishes nothing.
import { must, publishedPackages, run, setup } from './setup.mjs'

const dryRun = process.argv.includes('--dry-run')
setup()
must('turbo', 'run', 'build', 'check:pkg', ...[...publishedPackages().keys()].map((name) => `--filter=${name}`))
if (!dryRun) process.exitCode = run('changeset', 'publish')
else {
  for (const name of publishedPackages().keys()) {
    must('pnpm', '--filter', name, 'publish', '--dry-run', '--no-git-checks')
    console.log(`${name} is ready`)
  }
}
