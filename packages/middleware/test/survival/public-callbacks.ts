// Reads from the public types what callbacks an application can hand in: parameters and options that are functions, the
// members of objects that it implements, and what callbacks give back that is called in turn.
import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const core = join(root, 'packages/core/src')
const middleware = join(root, 'packages/middleware/src')

/** What is handed to callbacks and back to us, and always of our making. */
const made: ReadonlySet<string> = new Set([
  'Context',
  'RequestHeaders',
  'Server',
  'TestServer',
  'MemoryClient',
  'Cluster',
  'Transport',
  'Listening',
  'Router',
  'Routes',
  'Puller',
  'Session',
  'Middleware',
])

/** The keys of all callbacks: `Type.member` or `function(parameter)`, with `→` for what one gives back. */
export function publicCallbacks(): string[] {
  const entries = [
    ...['index', 'web', 'testing', 'cluster'].map((name) => join(core, `${name}.ts`)),
    ...readdirSync(middleware)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(middleware, name)),
  ]
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config as object
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(entries, { ...options, noEmit: true })
  const finder = new Finder(program.getTypeChecker())
  finder.readModules(entries.map((entry) => program.getSourceFile(entry)!))
  return [...finder.found].toSorted()
}

class Finder {
  readonly found: Set<string> = new Set()
  readonly #checker: ts.TypeChecker
  readonly #given: Set<ts.Symbol> = new Set()
  readonly #within = new Set<ts.Type>()
  readonly #taken: Set<ts.Symbol> = new Set()
  readonly #public: Set<ts.Symbol> = new Set()

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker
  }

  readModules(files: readonly ts.SourceFile[]): void {
    const checker = this.#checker
    const all = files.flatMap((file) => checker.getExportsOfModule(checker.getSymbolAtLocation(file)!))
    const exported = all.map((symbol) => ({
      symbol,
      real: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    }))
    for (const { real } of exported) this.#public.add(real)
    for (const { symbol, real } of exported) {
      if (real.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.Class))
        this.#give(checker.getDeclaredTypeOfSymbol(real))
      if (!(real.flags & ts.SymbolFlags.Value)) continue
      const type = checker.getTypeOfSymbol(real)
      for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()])
        this.#signature(signature, symbol.name)
    }
  }

  /** A function of ours: its parameters come from the application, its result goes there. */
  #signature(signature: ts.Signature, name: string): void {
    for (const parameter of signature.getParameters())
      this.#take(this.#checker.getTypeOfSymbol(parameter), `${name}(${parameter.name})`)
    this.#give(signature.getReturnType())
  }

  /** What we give out: its methods take what the application hands in. */
  #give(type: ts.Type): void {
    if (type.isUnion()) return type.types.forEach((one) => this.#give(one))
    const name = nameOf(type)
    const symbol = symbolOf(type)
    if (name === undefined || !symbol || !this.#public.has(symbol) || this.#given.has(symbol)) return
    // An interface for what the application implements is no thing of ours.
    if (!isClass(type) && !made.has(name)) return
    this.#given.add(symbol)
    for (const property of type.getProperties()) {
      if (isInternal(property) || !isWrittenHere(property)) continue
      const member = this.#checker.getTypeOfSymbol(property)
      for (const signature of member.getCallSignatures()) this.#signature(signature, `${name}.${property.name}`)
      if (member.getCallSignatures().length === 0) this.#give(member)
    }
  }

  /** What an application hands in. */
  #take(type: ts.Type, key: string): void {
    if (type.isUnion()) return type.types.forEach((one) => this.#take(one, key))
    if (type.isIntersection() && type.getCallSignatures().length === 0)
      return type.types.forEach((one) => this.#take(one, key))
    if (type.flags & ts.TypeFlags.TypeParameter) {
      const bound = this.#checker.getBaseConstraintOfType(type)
      return bound && bound !== type ? this.#take(bound, key) : undefined
    }
    const name = nameOf(type)
    if (name !== undefined && (made.has(name) || isClass(type)) && name !== 'Middleware' && name !== 'Router')
      return this.#give(type)
    const [signature] = type.getCallSignatures()
    if (signature) {
      this.found.add(key)
      for (const parameter of signature.getParameters()) this.#give(this.#checker.getTypeOfSymbol(parameter))
      return this.#take(signature.getReturnType(), `${key}→`)
    }
    if (this.#checker.isArrayType(type) || this.#checker.isTupleType(type) || isNamed(type, 'Promise')) {
      // A list of lists of lists is a type, too.
      if (this.#within.has(type)) return
      this.#within.add(type)
      this.#checker.getTypeArguments(type as ts.TypeReference).forEach((one) => this.#take(one, key))
      this.#within.delete(type)
      return
    }
    const record = type.getStringIndexType()
    if (record) this.#take(record, `${key}[]`)
    const symbol = symbolOf(type)
    if (!isOurs(type) || !symbol || this.#taken.has(symbol)) return
    this.#taken.add(symbol)
    for (const property of type.getProperties())
      if (!isInternal(property)) this.#take(this.#checker.getTypeOfSymbol(property), `${name ?? key}.${property.name}`)
  }
}

/** Instances of one generic type are the same here, or there would be no end to them. */
function symbolOf(type: ts.Type): ts.Symbol | undefined {
  return type.aliasSymbol ?? type.symbol
}

function nameOf(type: ts.Type): string | undefined {
  const symbol = symbolOf(type)
  return isOurs(type) && symbol && !symbol.name.startsWith('__') ? symbol.name : undefined
}

function isNamed(type: ts.Type, name: string): boolean {
  return (type.symbol as ts.Symbol | undefined)?.name === name
}

function isClass(type: ts.Type): boolean {
  return type.isClass()
}

/** Whether a type is written in our sources. */
function isOurs(type: ts.Type): boolean {
  const symbol = (type.symbol ?? type.aliasSymbol) as ts.Symbol | undefined
  return symbol !== undefined && isWrittenHere(symbol)
}

function isWrittenHere(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((declaration) => {
    const { fileName } = declaration.getSourceFile()
    return [core, middleware].some((folder) => fileName.startsWith(folder.split(sep).join('/')))
  })
}

function isInternal(symbol: ts.Symbol): boolean {
  if (symbol.name.startsWith('_')) return true
  const tags = symbol.getJsDocTags().map(({ name }) => name)
  const [declaration] = symbol.declarations ?? []
  const flags = declaration ? ts.getCombinedModifierFlags(declaration) : 0
  return tags.includes('internal') || (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0
}
