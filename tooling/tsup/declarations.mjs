// What the declaration bundler leaves undone, run in the folder of a package after its build (decision 046):
// - `require` of an ECMAScript module works in every supported Node.js, but TypeScript under `module: node16` does not know
//   that: so each declaration file is also written as `.d.cts`. Its imports from other packages refer to the types of their
//   ECMAScript modules.
// - Declarations that need the types of Node.js reference them, because a project's `types` is empty by default since TypeScript 6.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

const reference = '/// <reference types="node" />\n'

const files = readdirSync('dist', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.d.ts'))
  .map((name) => ({ path: `dist/${name}`, text: readFileSync(`dist/${name}`, 'utf8') }))
const needsNode = files.some(({ text }) => /["']node:|\bNodeJS\./.test(text))

const typesOf = (text) =>
  text
    .replaceAll(/(?<= from )'(\.{1,2}\/[^']+)\.js'/g, "'$1.cjs'")
    .replaceAll(
      /^import (.+) from '((?!\.|node:|@spillway\/)[^']+)';$/gm,
      "import type $1 from '$2' with { 'resolution-mode': 'import' };",
    )

for (const { path, text } of files) {
  // Imports for side effects only declare nothing.
  const useful = text.replaceAll(/^import '[^']+';\n/gm, '').replace(reference, '')
  const whole = needsNode ? reference + useful : useful
  writeFileSync(path, whole)
  writeFileSync(path.replace(/\.ts$/, '.cts'), typesOf(whole))
}
