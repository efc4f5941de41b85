#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { basename, relative, resolve } from 'node:path'
import { cancel, confirm, intro, isCancel, log, outro, select, text } from '@clack/prompts'
import { Failure, ownVersion, runProgram } from '@spillway/command-line'
import { type Given, help, readArguments } from './arguments.ts'
import { create, nameFor, refusalOf, templates } from './create.ts'

/** What is to be created. */
interface Wanted {
  readonly folder: string
  readonly template: string
  readonly install: boolean
  readonly git: boolean
}

/** Asks for what was not given. Undefined when the answer was Ctrl-C. */
async function ask(given: Given): Promise<Wanted | undefined> {
  const folder =
    given.folder ??
    (await text({
      message: 'Where should it go?',
      placeholder: 'spillway-app',
      defaultValue: 'spillway-app',
      validate: (value) => refusalOf(value || 'spillway-app'),
    }))
  if (isCancel(folder)) return undefined
  const options = Object.entries(templates).map(([value, hint]) => ({ value, label: value, hint }))
  const template = given.template ?? (await select({ message: 'What kind of project?', options }))
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
  if (!isDone) log.warn('npm install failed')
  return isDone
}

async function main(args: readonly string[]): Promise<void> {
  const given = readArguments(args)
  const version = ownVersion(new URL('../package.json', import.meta.url))
  if (given === 'help') return void process.stdout.write(help)
  if (given === 'version') return void process.stdout.write(`${version}\n`)
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
  if (refusal !== undefined) throw new Failure(refusal)
  create({ folder, template: wanted.template, name: nameFor(basename(folder)), version: `^${version}` })
  log.success(`${wanted.template} is in ${relative('.', folder) || '.'}`)
  // Neither of these is a reason to fail: the project itself is complete.
  if (wanted.git && !isInRepository(folder) && !run(folder, 'git', 'init', '--quiet')) log.warn('git init failed')
  const isInstalled = wanted.install && installs(folder)
  const path = relative('.', folder)
  const steps = [
    ...(path === '' ? [] : [`cd ${/\s/.test(path) ? `"${path}"` : path}`]),
    ...(isInstalled ? [] : ['npm install']),
    'npm run dev',
  ]
  outro(steps.join(' && '))
}

await runProgram('create-spillway', main)
