/** Sends one command to Redis 6.2 or later, Valkey or the like, and returns its reply. */
export type RedisCommand = (command: string, ...args: string[]) => Promise<unknown>
