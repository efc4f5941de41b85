import type { Options } from 'tsup'
export declare function definePackage(manifest: { exports: Record<string, unknown> }, over?: Options): Options
export declare function defineApp(over?: Options): Options
export declare const fromSources: Pick<Options, 'esbuildPlugins'>
export declare const programFromSources: Options
