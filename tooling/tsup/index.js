import { fileURLToPath } from 'node:url'

export { together } from './together.js'

const packages = fileURLToPath(new URL('../../packages', import.meta.url))

const common = {
  format: ['esm'],
  target: 'node20',
  sourcemap: true,
  clean: true,
  treeshake: false,
  // Keeps one copy of every class, however many entries use it.
  splitting: true,
  removeNodeProtocol: false,
}

/** A library: every `./dist/<name>.js` among its exports is built from `src/<name>.ts`. */
export function definePackage({ exports }, over = {}) {
  const entry = Object.values(exports)
    .map((target) => /^\.\/dist\/(.+)\.js$/.exec(target.default ?? '')?.[1])
    .filter((name) => name !== undefined)
    .map((name) => `src/${name}.ts`)
  return {
    ...common,
    entry,
    // Declarations refer to the built ones of the other packages, so `paths` (which lead to sources) is emptied.
    dts: { compilerOptions: { ignoreDeprecations: '6.0', paths: {} } },
    ...over,
  }
}

/** An application: `src/main.ts` becomes `dist/main.js`, without declarations. */
export function defineApp(over = {}) {
  return { ...common, entry: ['src/main.ts'], ...over }
}

/** Options for tests that build: packages are resolved to their current sources, so that no stale build is tested. */
export const fromSources = {
  esbuildPlugins: [
    {
      name: 'sources of the workspace',
      setup(builder) {
        builder.onResolve({ filter: /^@spillway\/(parser|core|middleware|node|inspect)(\/|$)/ }, ({ path }) => {
          const [, name, entry = 'index'] = path.split('/')
          // The parts of the inspector's page are for our own pages only, and not published.
          if (entry === 'page') return { path: `${packages}/inspect/page/index.ts` }
          return { path: `${packages}/${name}/src/${entry}.ts` }
        })
      },
    },
  ],
}

/** A self-contained program in one file, built from the current sources, for tests to start. */
export const programFromSources = {
  config: false,
  silent: true,
  clean: false,
  format: ['esm'],
  target: 'node20',
  outExtension: () => ({ js: '.mjs' }),
  noExternal: [/.*/],
  removeNodeProtocol: false,
  // CommonJS dependencies load Node's modules with `require`.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  ...fromSources,
}
