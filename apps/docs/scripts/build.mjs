// Builds the site into dist: first the generated pages, then the whole site. A link to a missing page or anchor fails the
// build.
import { fileURLToPath } from 'node:url'
import { build } from 'vitepress'
import { brokenAnchors } from './anchors.mjs'
import { copyPages } from './copied-pages.mjs'
import { writeDefaults } from './defaults.mjs'
import { writeForPrograms } from './llms.mjs'
import { optionsFrom } from './options.mjs'
import { reference } from './reference.mjs'

writeDefaults()
copyPages(optionsFrom(await reference()))
await build(fileURLToPath(new URL('../site', import.meta.url)))
const dist = new URL('../dist/', import.meta.url)
writeForPrograms(dist)
const broken = brokenAnchors(dist)
if (broken.length > 0) {
  console.error(`Links to places that are not there:\n${broken.join('\n')}`)
  process.exitCode = 1
}
