// Errors with the lines of the file that they come from.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { NoApplication } from './module.ts'

/** Lines of a file around the one that an error comes from. */
export interface Frame {
  readonly file: string
  readonly line: number
  readonly lines: readonly { readonly number: number; readonly text: string }[]
}

/** An error in the form in which it is shown. */
export interface Failure {
  /** Its stack, and those of its causes. */
  readonly text: string
  /** The place in the project that it comes from, if known. */
  readonly frame: Frame | undefined
}

/** How many lines are shown before and after it. */
const around = 3

const place = /((?:file:\/\/)?\/[^\s()'"]+?|[A-Za-z]:\\[^\s()'"]+?):(\d+)(?::\d+)?(?=[\s):,]|$)/g

/** @param root the folder of the project. Files outside of it and installed packages are not shown. */
export function failureOf(error: unknown, root: string): Failure {
  if (error instanceof NoApplication) return { text: error.message, frame: undefined }
  const text = error instanceof Error ? inspect(error) : `${inspect(error)} was thrown`
  for (const [, written, line] of text.matchAll(place)) {
    const file = written!.startsWith('file:') ? fileURLToPath(written!) : written!
    const path = relative(root, file)
    if (path.startsWith('..') || /(?:^|[/\\])node_modules[/\\]/.test(path)) continue
    const frame = frameAt(file, Number(line))
    if (frame) return { text, frame: { ...frame, file: path } }
  }
  return { text, frame: undefined }
}

function frameAt(file: string, line: number): Frame | undefined {
  let all: string[]
  try {
    all = readFileSync(file, 'utf8').split('\n')
  } catch {
    // Stacks also name things that are not files, such as `node:internal`.
    return undefined
  }
  const from = Math.max(0, line - 1 - around)
  const lines = all.slice(from, line + around).map((text, i) => ({ number: from + i + 1, text }))
  return lines.some(({ number }) => number === line) ? { file, line, lines } : undefined
}

/** For the terminal. */
export function printed({ text, frame }: Failure): string {
  if (!frame) return text
  const width = String(frame.lines.at(-1)!.number).length
  const lines = frame.lines.map(({ number, text: line }) =>
    `${number === frame.line ? '>' : ' '} ${String(number).padStart(width)} | ${line}`.trimEnd(),
  )
  return `${text}\n\n${frame.file}:${frame.line}\n${lines.join('\n')}`
}
