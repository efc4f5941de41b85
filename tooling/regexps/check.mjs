// Checks every regular expression in the code that ships: its running time must be at most linear in the length of its input.
// `node tooling/regexps/check.mjs` prints those that fail, each with an input that shows it.
//
// Backtracking tries every way in which an expression can match. Where two parts can match the same characters, or a part can
// start anywhere in a run of them, the ways multiply: `/ +$/` on n blanks and one letter looks at n²/2 characters, and one
// request keeps all others waiting. Replace such an expression with a loop, or with one whose parts exclude each other.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

// The same program also exists as a native binary in another package, which is not needed for a few hundred expressions.
process.env.RECHECK_BACKEND = 'pure'
const { checkSync } = await import('recheck')

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The code that runs in servers and pages; benchmarks are left out, as they only read their own output. */
function sources() {
  const homes = ['packages', 'apps'].flatMap((all) => readdirSync(join(root, all)).map((name) => `${all}/${name}`))
  const folders = homes.flatMap((home) => [`${home}/src`, `${home}/page`])
  return folders
    .filter((folder) => !folder.startsWith('apps/bench/') && existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true }).map((name) => `${folder}/${String(name)}`),
    )
    .filter((name) => name.endsWith('.ts'))
}

/**
 * Expressions whose input is written by the developer and read once, when a route is registered: nobody else can make them slow.
 * Listed by file and source; an entry that no longer matches is reported.
 */
const exempt = [
  // The stack of an error in the developer's own program.
  {
    file: 'apps/serve/src/dev/frame.ts',
    pattern: String.raw`((?:file:\/\/)?\/[^\s()'"]+?|[A-Za-z]:\\[^\s()'"]+?):(\d+)(?::\d+)?(?=[\s):,]|$)`,
  },
]

/**
 * The regular expressions in a TypeScript file: literals, and calls of RegExp with constant strings.
 * `pattern` is undefined when it cannot be determined.
 */
export function expressionsOf(text, name = 'code.ts') {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  const constants = new Map()
  const found = []
  const visit = (node) => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer)
      constants.set(node.name.text, textOf(node.initializer, constants))
    const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/')
      found.push({ line, pattern: node.text.slice(1, end), flags: node.text.slice(end + 1) })
    } else if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp') {
      const [pattern, flags] = node.arguments ?? []
      if (!pattern || !ts.isRegularExpressionLiteral(pattern))
        found.push({
          line,
          pattern: pattern && textOf(pattern, constants),
          flags: flags ? (textOf(flags, constants) ?? '') : '',
        })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** The value of an expression made of string constants; undefined when it depends on anything else. */
function textOf(node, constants) {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isIdentifier(node)) return constants.get(node.text)
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression, constants)
  // `String.raw`, whose parts are taken literally.
  if (ts.isTaggedTemplateExpression(node) && /^(?:String\.)?raw$/.test(node.tag.getText())) {
    const { template } = node
    if (ts.isNoSubstitutionTemplateLiteral(template)) return template.rawText
    const raw = [template.head, ...template.templateSpans.map(({ literal }) => literal)].map(({ rawText }) => rawText)
    const values = template.templateSpans.map(({ expression }) => textOf(expression, constants))
    return values.includes(undefined) ? undefined : raw.map((text, i) => text + (values[i] ?? '')).join('')
  }
  let parts
  if (ts.isTemplateExpression(node))
    parts = [
      node.head.text,
      ...node.templateSpans.flatMap((span) => [textOf(span.expression, constants), span.literal.text]),
    ]
  else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
    parts = [textOf(node.left, constants), textOf(node.right, constants)]
  return parts?.includes(undefined) ? undefined : parts?.join('')
}

/**
 * Steps are counted rather than time, so that a busy machine does not look like an attack. There is only one time limit per
 * expression, longer than any should need: an expression that is not judged by then is rejected.
 */
const judgement = {
  timeout: 120_000,
  // The attack input is as long as this many steps require when they grow quadratically: some 20,000 characters.
  attackLimit: 200_000_000,
  attackTimeout: null,
  incubationTimeout: null,
  seedingTimeout: null,
}

/** Why an expression is rejected; undefined when it is linear. */
function faultOf({ pattern, flags }) {
  if (pattern === undefined) return 'cannot be judged: its text is not in the file'
  const { status, complexity, attack, error } = checkSync(pattern, flags, judgement)
  if (status === 'safe') return undefined
  if (status === 'vulnerable') return `${complexity.summary}, as on ${attack.pattern}`
  return `cannot be judged: ${error.kind}`
}

/** The faults of the expressions in some files, given by the paths to print. */
export function faultsIn(files) {
  const faults = []
  for (const { name, text } of files)
    for (const expression of expressionsOf(text, name)) {
      const { line, pattern, flags } = expression
      const exemption = exempt.find((one) => one.file === name && one.pattern === pattern)
      if (exemption) {
        exemption.used = true
        continue
      }
      const fault = faultOf(expression)
      if (fault !== undefined)
        faults.push(`${name}:${line} ${pattern === undefined ? 'RegExp' : `/${pattern}/${flags}`} ${fault}`)
    }
  return faults
}

function main() {
  const faults = faultsIn(sources().map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') })))
  for (const { file, pattern, used } of exempt)
    if (!used) faults.push(`${file} has no /${pattern}/ any more, which is exempt here`)
  for (const fault of faults) console.log(fault)
  process.exitCode = faults.length === 0 ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
