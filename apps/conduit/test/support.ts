/**
 * Whether there is no SQLite here. better-sqlite3 is compiled when it is installed: where there is no compiler there is no database
 * either, which is said once.
 */
export const isMissing: boolean = await import('better-sqlite3')
  .then(({ default: Database }) => void new Database(':memory:').close())
  .then(
    () => false,
    () => true,
  )
if (isMissing) console.error('better-sqlite3 could not be built: tests with it are skipped')
