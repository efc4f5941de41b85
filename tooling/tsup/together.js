import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

const name = 'together'

/**
 * A plugin that bundles the code that entries of a package load into few files (decision 096). The bundler makes one file for each
 * set of entries that share code, which leads to dozens of small files, and each adds about a millisecond to a program's start. So
 * the plugin makes the other entries import all of it.
 */
export function together(mains, apart = []) {
  return {
    name,
    async setup(builder) {
      const outputs = await firstBuild(builder)
      const modules = sharedBy(mains.map(fileOf), outputs).map((file) => `import ${JSON.stringify(resolve(file))}`)
      const entries = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? [])
      const lean = apart.map(fileOf)
      const joined = new Set(entries.filter((entry) => !lean.includes(entry)).map((entry) => resolve(entry)))
      builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!joined.has(path)) return undefined
        return {
          contents: `${await readFile(path, 'utf8')}\nimport '${name}'\n`,
          loader: 'ts',
          resolveDir: dirname(path),
        }
      })
      // Declares side effects; otherwise an import without bindings is dropped.
      builder.onResolve({ filter: /^together$/ }, () => ({ path: name, namespace: name, sideEffects: true }))
      builder.onResolve({ filter: /./, namespace: name }, ({ path }) => ({ path, sideEffects: true }))
      builder.onLoad({ filter: /./, namespace: name }, () => ({ contents: modules.join('\n') }))
    },
  }
}

const fileOf = (entry) => `src/${entry}.ts`

/** The outputs of the bundler without this plugin. */
async function firstBuild({ esbuild, initialOptions: { plugins, ...options } }) {
  const others = plugins.filter((plugin) => plugin.name !== name)
  const { metafile } = await esbuild.build({ ...options, plugins: others, write: false, metafile: true })
  return metafile.outputs
}

/** The modules that these entries load; of a single one, only those that it shares with others. */
function sharedBy(mains, outputs) {
  const files = new Set(Object.keys(outputs).filter((file) => mains.includes(outputs[file].entryPoint)))
  for (const file of files)
    for (const { path, kind } of outputs[file].imports)
      if (kind === 'import-statement' && path in outputs) files.add(path)
  const isTaken = (file) => mains.length > 1 || outputs[file].entryPoint === undefined
  return [...files].filter(isTaken).flatMap((file) => Object.keys(outputs[file].inputs))
}
