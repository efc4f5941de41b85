type Api = typeof import('../src/http2.ts')

/** Runs until `enough` says so; throws for what is wrong, with the seed that shows it. */
export declare function fuzz(
  api: Api,
  seed: number,
  enough: (inputs: number) => boolean,
): { inputs: number; slowest: { ms: number; bytes: number; seed: number } }
