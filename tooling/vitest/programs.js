// The only way for tests to start external programs. Node.js, what comes with it, and the shell are always available; curl, nginx
// and the like are looked up by name, and tests that need a missing one are skipped with a message.
import child from 'node:child_process'
import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** Whether all external tools are hidden, to run the tests as on a machine without them. */
const hidden = () => (process.env.SPILLWAY_WITHOUT_TOOLS ?? '') !== ''
const sure = new Set([process.execPath, 'npx', 'sh'])

export function findTool(name, { probe, says = /(?:)/ } = {}) {
  const path = hidden() ? undefined : search(name)
  return makeTool(name, path, path !== undefined && (probe === undefined || answers(path, probe, says)))
}

export function findPackage(spec) {
  return makeTool(spec, 'npx', !hidden() && answers('npx', ['--yes', spec, '--version'], /(?:)/))
}

function makeTool(name, path, isHere) {
  if (isHere) sure.add(path)
  let isTold = isHere
  return {
    name,
    /** Says so, to whoever wanted to use it: programs that only print their help need no tool. */
    get isMissing() {
      if (!isTold) process.stderr.write(`${name} is ${hidden() ? 'hidden' : 'missing'}: tests with it are skipped\n`)
      isTold = true
      return !isHere
    },
    get path() {
      if (isHere) return path
      throw new Error(`${name} is missing: what needs it is to be skipped, by \`withTools\``)
    },
  }
}

function search(name) {
  // Debian keeps servers in folders of root's PATH, some with the version in their name, and PostgreSQL in one folder per version.
  const databases = filesOf('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`)
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', ...databases].filter(
    Boolean,
  )
  const exact = folders.map((folder) => join(folder, name)).find(isProgram)
  if (exact !== undefined) return exact
  const versions = folders.flatMap((folder) =>
    filesOf(folder)
      .filter((file) => file.startsWith(name) && /^\d[\d.]*$/.test(file.slice(name.length)))
      .map((file) => join(folder, file)),
  )
  return versions.findLast(isProgram)
}

function filesOf(folder) {
  try {
    return readdirSync(folder).toSorted()
  } catch {
    return []
  }
}

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function answers(path, args, says) {
  const { status, stdout } = child.spawnSync(path, args, { encoding: 'utf8', timeout: 120_000 })
  return status === 0 && says.test(stdout)
}

/** Restricts a function to programs that are always available and tools that were found. */
function guarded(start) {
  const wrapped = (command, ...rest) => start(known(command), ...rest)
  const promised = start[promisify.custom]
  if (promised === undefined) return wrapped
  return Object.assign(wrapped, { [promisify.custom]: (command, ...rest) => promised(known(command), ...rest) })
}

function known(command) {
  if (sure.has(command)) return command
  throw new Error(`${command} is an outside tool: \`findTool\` gives its path`)
}

export const spawn = guarded(child.spawn)
export const spawnSync = guarded(child.spawnSync)
export const execFile = guarded(child.execFile)
export const execFileSync = guarded(child.execFileSync)
