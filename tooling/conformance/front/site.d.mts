export interface Site {
  readonly home: string
  readonly app: { readonly port: number; readonly seen: { readonly uploads: number; readonly bigDone: number } }
  readonly values: () => Promise<Readonly<Record<string, string | number>>>
  readonly stop: () => Promise<void>
}

/** The path of PHP's server; undefined when it is not installed. */
export declare function phpProgram(): string | undefined
export declare function startSite(): Promise<Site>
