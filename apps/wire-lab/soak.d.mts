/** What was seen at one moment. */
export interface SoakSample {
  readonly seconds: number
  readonly serverMB: number
  readonly pageMB: number
  readonly nodes: number
  readonly open: number
  readonly requests: number
}

export declare function soak(options: {
  /** The built program of the lab. */
  readonly main: string
  readonly seconds: number
  readonly connections: number
  readonly samples: number
  readonly say?: (sample: SoakSample) => void
}): Promise<SoakSample[]>
