import type { Options } from 'tsup'
export declare function definePackage(manifest: { exports: Record<string, unknown> }, over?: Options): Options
export declare function defineApp(over?: Options): Options
export declare const fromSources: Pick<Options, 'esbuildPlugins'>
export declare const programFromSources: Options
/**
 * Bundles the code that these entries of a package load into few files, so that programs start sooner.
 * @param mains their names. Several entries: all that they load; one entry: what it shares with other entries.
 * @param apart names of entries that load only what they need, because they are for places without Node.js.
 */
export declare function together(
  mains: readonly string[],
  apart?: readonly string[],
): NonNullable<Options['esbuildPlugins']>[number]
