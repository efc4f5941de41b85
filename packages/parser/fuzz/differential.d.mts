type Api = typeof import('../src/index.ts')

/** Runs until `enough` says so; gives the number of inputs and what is not explained. */
export declare function compare(
  api: Api,
  seed: number,
  enough: (inputs: number) => boolean,
): {
  inputs: number
  bytes: number
  slowest: { ms: number; bytes: number }
  open: { what: string; count: number; example: string }[]
  counts: [string, number][]
}
