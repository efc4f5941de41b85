#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { cancel, confirm, intro, isCancel, log, outro, select, text } from '@clack/prompts'
import { create, nameFor, refusalOf, templates } from './create.ts'

const help = `npm create spillway@latest [folder] [-- options]

  -t, --template name   ${Object.keys(templates).join(', ')}
  -y, --yes             ask nothing: what is not said is \`minimal\`, in \`spillway-app\`
      --no-install      do not run npm install
      --no-git          do not run git init
  -h, --help            this text
`

/** What is to be created. */
interface Wanted {
  readonly folder: string
  readonly template: string
  readonly install: boolean
  readonly git: boolean
}

class UsageError extends Error {}

/** @throws UsageError for unknown options and templates. */
function readArguments(): {
  folder?: string
  template?: string
  yes: boolean
  help: boolean
  install: boolean
  git: boolean
} {
  let parsed
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        template: { type: 'string', short: 't' },
        yes: { type: 'boolean', short: 'y', default: false },
        'no-install': { type: 'boolean', default: false },
        'no-git': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
  const [folder, second] = parsed.positionals
  if (second !== undefined) throw new UsageError(`One folder is made at a time: ${folder} or ${second}?`)
  const { template, yes, help: asksHelp, 'no-install': noInstall, 'no-git': noGit } = parsed.values
  if (template !== undefined && !(template in templates))
    throw new UsageError(`There is no template ${template}: there are ${Object.keys(templates).join(', ')}`)
  return {
    ...(folder !== undefined && { folder }),
    ...(template !== undefined && { template }),
    yes,
    help: asksHelp,
    install: !noInstall,
    git: !noGit,
  }
}

/** Asks for what was not given. Undefined when the answer was Ctrl-C. */
async function ask(given: ReturnType<typeof readArguments>): Promise<Wanted | undefined> {
  const folder =
    given.folder ??
    (await text({
      message: 'Where shall it be?',
      placeholder: 'spillway-app',
      defaultValue: 'spillway-app',
      validate: (value) => refusalOf(value || 'spillway-app'),
    }))
  if (isCancel(folder)) return undefined
  const options = Object.entries(templates).map(([value, hint]) => ({ value, label: value, hint }))
  const template = given.template ?? (await select({ message: 'What shall it be?', options }))
  if (isCancel(template)) return undefined
  const install = given.install && (await confirm({ message: 'Install what it needs?' }))
  return isCancel(install) ? undefined : { folder, template, install, git: given.git }
}

function run(folder: string, command: string, ...args: string[]): boolean {
  const shell = process.platform === 'win32'
  return spawnSync(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], shell }).status === 0
}

/** A project may be a part of another one, which has its history. */
function isInRepository(folder: string): boolean {
  return spawnSync('git', ['rev-parse'], { cwd: folder, stdio: 'ignore' }).status === 0
}

/** It takes a while, and says nothing in the meantime. */
function installs(folder: string): boolean {
  log.step('npm install')
  const isDone = run(folder, 'npm', 'install', '--no-audit', '--no-fund')
  if (!isDone) log.warn('npm install has failed')
  return isDone
}

async function main(): Promise<void> {
  const given = readArguments()
  if (given.help) return void process.stdout.write(help)
  const isAsked = !given.yes && process.stdin.isTTY
  if (isAsked) intro('Spillway')
  const wanted = isAsked
    ? await ask(given)
    : {
        folder: given.folder ?? 'spillway-app',
        template: given.template ?? 'minimal',
        install: given.install,
        git: given.git,
      }
  if (!wanted) return cancel('Nothing was made.')
  const folder = resolve(wanted.folder)
  const refusal = refusalOf(folder)
  if (refusal !== undefined) throw new UsageError(refusal)
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  create({ folder, template: wanted.template, name: nameFor(basename(folder)), version: `^${version}` })
  log.success(`${wanted.template} is in ${relative('.', folder) || '.'}`)
  // Neither of these is a reason to fail: the project itself is complete.
  if (wanted.git && !isInRepository(folder) && !run(folder, 'git', 'init', '--quiet')) log.warn('There is no git here')
  const isInstalled = wanted.install && installs(folder)
  const path = relative('.', folder)
  const steps = [
    ...(path === '' ? [] : [`cd ${/\s/.test(path) ? `"${path}"` : path}`]),
    ...(isInstalled ? [] : ['npm install']),
    'npm run dev',
  ]
  outro(steps.join(' && '))
}

try {
  await main()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  log.error(error.message)
  process.exitCode = 1
}
