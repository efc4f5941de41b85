// `node tooling/sbom.mjs FILE`: writes a software bill of materials (SBOM) in the CycloneDX format for the packages that we publish
// and all their dependencies. npm generates it from an installation of the packed packages, which must be built already.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { UsageError, askedOf } from './command-line/index.js'
import { install, packAll } from './packed.mjs'
import { environment, setup } from './setup.mjs'

const file = askedOf('sbom', { usage: 'file: writes a bill of materials of the built packages', most: 1 }, ([name]) => {
  if (name === undefined) throw new UsageError('To which file?')
  return name
})
setup()
const folder = mkdtempSync(join(tmpdir(), 'spillway-sbom-'))
try {
  const packed = packAll(folder)
  const dependencies = Object.fromEntries([...packed.keys()].map((name) => [name, '*']))
  const manifest = { name: 'spillway', version: '0.0.0', dependencies }
  install(folder, manifest, packed, '--ignore-scripts', '--omit=optional', '--omit=dev')
  const asked = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--omit', 'dev']
  const text = execFileSync('npm', asked, { cwd: folder, env: environment, encoding: 'utf8', maxBuffer: 2 ** 26 })
  const bill = JSON.parse(text)
  // Our own packages were installed from a local folder, which means nothing to others.
  for (const one of bill.components)
    one.externalReferences = one.externalReferences?.filter(({ url }) => !url.startsWith('file:'))
  writeFileSync(resolve(file), `${JSON.stringify(bill, null, 2)}\n`)
  console.log(`${bill.components.length} packages in ${file}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
