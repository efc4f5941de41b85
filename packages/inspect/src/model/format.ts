/** `812 B`, `3.4 kB`, `1.2 MB` */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  for (const [unit, size] of [
    ['kB', 1e3],
    ['MB', 1e6],
  ] as const)
    if (bytes < size * 999.5) return `${short(bytes / size)} ${unit}`
  return `${short(bytes / 1e9)} GB`
}

/** `0.21 ms`, `14 ms`, `3.2 s`, `2 min` */
export function formatMs(ms: number): string {
  if (ms < 999.5) return `${short(ms)} ms`
  if (ms < 99_500) return `${short(ms / 1000)} s`
  return `${Math.round(ms / 60_000)} min`
}

/** Rounded to two significant digits. */
function short(value: number): string {
  return value.toFixed(value >= 9.95 ? 0 : value >= 0.995 ? 1 : 2)
}

const timeOfDay = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

export function formatTime(epoch: number): string {
  return timeOfDay.format(epoch)
}

/** `1 request`, `3 requests` @param many the word for more than one. */
export function plural(count: number, word: string, many: string = `${word}s`): string {
  return `${count} ${count === 1 ? word : many}`
}
