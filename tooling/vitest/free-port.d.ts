/** A port of 127.0.0.1 that was free a moment ago, for programs that cannot be asked which one they took. */
export declare function freePort(): Promise<number>
