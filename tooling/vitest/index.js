import { fileURLToPath } from 'node:url'

const packages = fileURLToPath(new URL('../../packages', import.meta.url))

/** Tests run from the sources of all packages: no build, and stack traces and coverage in the original lines. */
export function definePackageTests(over = {}) {
  return {
    resolve: {
      alias: [
        { find: '@spillway/inspect/page', replacement: `${packages}/inspect/page/index.ts` },
        { find: /^@spillway\/(parser|core|middleware|node|inspect)$/, replacement: `${packages}/$1/src/index.ts` },
        {
          find: /^@spillway\/(parser|core|middleware|node|inspect)\/([\w-]+)$/,
          replacement: `${packages}/$1/src/$2.ts`,
        },
      ],
    },
    test: {
      include: ['test/**/*.test.ts'],
      setupFiles: [fileURLToPath(new URL('patience.js', import.meta.url))],
      testTimeout: 20_000,
      hookTimeout: 60_000,
      ...over,
    },
  }
}
