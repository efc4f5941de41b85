import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root: string = fileURLToPath(new URL('../../../', import.meta.url))

/** The compiler's errors for in-memory sources, given by their would-be paths; each with the line that it concerns. */
export function mistakesIn(sources: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.base.json`, (file) => ts.sys.readFile(file)) as {
    config: object
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  // Some of the blocks are JavaScript, where caught errors are `any`.
  Object.assign(options, { noEmit: true, isolatedDeclarations: false, useUnknownInCatchVariables: false })
  const disk = ts.createCompilerHost(options)
  const host: ts.CompilerHost = {
    ...disk,
    getSourceFile: (file, languageVersion) => {
      const text = sources.get(file) ?? disk.readFile(file)
      return text === undefined ? undefined : ts.createSourceFile(file, text, languageVersion, true)
    },
    readFile: (file) => sources.get(file) ?? disk.readFile(file),
    fileExists: (file) => sources.has(file) || disk.fileExists(file),
  }
  const program = ts.createProgram([...sources.keys()], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line : 0
    const text = file?.text.split('\n')[line]?.trim()
    return `${file?.fileName.slice(root.length)}: ${text}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}
