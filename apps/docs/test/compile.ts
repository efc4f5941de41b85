import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root: string = fileURLToPath(new URL('../../../', import.meta.url))

/** What the compiler says to sources that are in no file, by where they would be; with the line that each is about. */
export function mistakesIn(sources: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.base.json`, (file) => ts.sys.readFile(file)) as {
    config: object
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  // Errors are `any` in the JavaScript that some of the blocks are.
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
