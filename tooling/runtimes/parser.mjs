// The cases of packages/parser/vectors as something that runs in any runtime, on the built package.
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const at = (path) => fileURLToPath(new URL(`../../packages/parser/${path}`, import.meta.url))

/** Whether it needs nothing but the language, so that a browser can run it. */
export const portable = true

/** Fills `folder` with modules; `suite.mjs` exports `run`, which gives `{ passed, failed }`. */
export function prepare(folder) {
  cpSync(at('dist'), `${folder}/dist`, { recursive: true, filter: (path) => !/\.(map|d\.ts)$/.test(path) })
  const { outputText } = ts.transpileModule(readFileSync(at('test/replay.ts'), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  })
  writeFileSync(`${folder}/replay.mjs`, outputText)
  const lists = ['vectors', 'vectors/calls'].map((path) =>
    readdirSync(at(path))
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => JSON.parse(readFileSync(at(`${path}/${name}`), 'utf8'))),
  )
  writeFileSync(`${folder}/vectors.mjs`, `export const [vectors, calls] = ${JSON.stringify(lists)}\n`)
  cpSync(fileURLToPath(new URL('./parser-suite.mjs', import.meta.url)), `${folder}/suite.mjs`)
}
