import { fileURLToPath } from 'node:url'

export { together } from './together.js'

const packages = fileURLToPath(new URL('../../packages', import.meta.url))

const common = {
  format: ['esm'],
  target: 'node20',
  sourcemap: true,
  clean: true,
  treeshake: false,
  // One copy of every class, however many entries use it.
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

/** An application: `src/main.ts` becomes `dist/main.js`; nobody reads its types. */
export function defineApp(over = {}) {
  return { ...common, entry: ['src/main.ts'], ...over }
}

/** Options for tests that build: the packages come from their sources as they are, so that nothing forgotten is tested. */
export const fromSources = {
  esbuildPlugins: [
    {
      name: 'sources of the workspace',
      setup(builder) {
        builder.onResolve({ filter: /^@spillway\/(parser|core|middleware|node|inspect)(\/|$)/ }, ({ path }) => {
          const [, name, entry = 'index'] = path.split('/')
          // The parts of the inspector's page are for pages of ours, and not published.
          if (entry === 'page') return { path: `${packages}/inspect/page/index.ts` }
          return { path: `${packages}/${name}/src/${entry}.ts` }
        })
      },
    },
  ],
}

/** A program in one file that needs nothing beside itself, from the sources as they are: what tests start. */
export const programFromSources = {
  config: false,
  silent: true,
  clean: false,
  format: ['esm'],
  target: 'node20',
  outExtension: () => ({ js: '.mjs' }),
  noExternal: [/.*/],
  removeNodeProtocol: false,
  // What is CommonJS among the dependencies asks for Node's modules by `require`.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  ...fromSources,
}
