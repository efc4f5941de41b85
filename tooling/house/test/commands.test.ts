import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pages, root } from './pages.ts'

/** The file that runs a command, or an equivalent of it, and text that the file must contain. */
interface Run {
  readonly by: string
  readonly says: string
}

const templates = (says: string): Run => ({ by: 'tooling/consumer/templates.mjs', says })
const whole = 'is the whole check itself, or a part of it'
const registry =
  'asks a registry, which a test does without: what it installs is packed and installed by tooling/consumer'
const long = 'takes minutes, and is run by hand before a release'
const systemd = 'needs systemd as process 1: its files are checked by tooling/house/test/deployment.test.ts'
const measures = 'measures, on a machine that does nothing else'

/** Every command that a document tells people to type: what runs it, or why nothing does. */
const commands: Readonly<Record<string, Run | string>> = {
  'npm start': { by: 'apps/wire-lab/test/process.test.ts', says: 'main.mjs' },
  'npm start chat': { by: 'apps/chat/test/chat.test.ts', says: 'built.program' },
  'npm start conduit': { by: 'apps/conduit/test/program.test.ts', says: 'main.js' },
  'npm test': templates("npm(project, 'test')"),
  'npm run build': templates("npm(project, 'run', 'build')"),
  'npm run dev': templates("command === 'npm run dev'"),
  'npm run routes': templates("'routes'"),
  'npm create spillway@latest': { by: 'tooling/consumer/projects.mjs', says: 'node_modules/.bin/create-spillway' },
  'npm create spillway@latest hello -- --yes': templates('npm create spillway@latest'),
  'node server.mjs': { by: 'apps/docs/test/examples.test.ts', says: 'server.mjs' },
  'cd hello': templates("command.startsWith('cd ')"),
  'curl http://127.0.0.1:3000/hello/world': templates('expectAnswer'),
  'curl http://127.0.0.1:3000/bye/world': templates('expectAnswer'),
  'docker build -t {{name}} . && docker run -p 3000:3000 {{name}}':
    'needs Docker: its file is checked, and its commands are run, by the test of the templates',
  'node apps/conduit/scripts/load.mjs': measures,
  'cp application.socket application.service /etc/systemd/system/': systemd,
  'systemctl daemon-reload': systemd,
  'systemctl enable --now application.socket application.service': systemd,
  'docker build -t shop .': 'needs Docker, as the one before it',
  'docker run -p 3000:3000 -v shop-data:/app/data shop':
    'needs Docker: tooling/consumer/walk.mjs runs the same, as nobody, with a folder to write to',
  'npm install @spillway/core': registry,
  'npm install @spillway/core @spillway/middleware': registry,
  'npm install @spillway/node': registry,
  'npm install @spillway/parser': registry,
  'npm install --save-dev @spillway/inspect': registry,
  'npm install --save-dev @spillway/serve': registry,
  'node --import @spillway/node app.js': { by: 'packages/node/test/install.test.ts', says: '--import' },
  'node --import @spillway/inspect/auto app.js': { by: 'packages/inspect/test/inspector.test.ts', says: 'auto.mjs' },
  'npx @spillway/inspect proxy http://localhost:8000': {
    by: 'packages/inspect/test/inspector.test.ts',
    says: "'proxy', `http://",
  },
  'npx @spillway/replay send recording.har --to http://localhost:3000': {
    by: 'apps/replay/test/run.test.ts',
    says: '--to',
  },
  'npx @spillway/serve dist': { by: 'apps/serve/test/program.test.ts', says: 'program' },
  'spillway dist --spa': { by: 'apps/serve/test/application.test.ts', says: "start('--spa')" },
  'spillway docs --live': { by: 'apps/serve/test/application.test.ts', says: "start('--live')" },
  'spillway . --https --host 127.0.0.1': { by: 'apps/serve/test/https.test.ts', says: '--https' },
  "spillway site --auth alice:secret -H 'X-Robots-Tag: noindex'": {
    by: 'apps/serve/test/application.test.ts',
    says: "start('--auth",
  },
  'spillway /srv/www --port 80 --cluster --log json': {
    by: 'apps/serve/test/arguments.test.ts',
    says: '--cluster --log json',
  },
  'npx spillway dev src/app.ts': templates("'dev'"),
  'npx spillway routes src/app.ts': templates("'routes'"),
  'node apps/gateway/dist/main.js': { by: 'apps/gateway/test/demo.test.ts', says: 'built.program' },
  'node apps/gateway/dist/main.js gateway.json': { by: 'apps/gateway/test/demo.test.ts', says: 'built.program' },
  'npm run build -- --filter=@spillway/compat...': whole,
  'npm run build -- --filter=@spillway/docs': whole,
  'npx vitest run apps/docs': whole,
  'npx vitest run packages/parser': whole,
  'npx vitest run packages/core': whole,
  'npx vitest run packages/middleware/test/proxy apps/gateway': whole,
  'node apps/compat/dist/main.js': { by: 'apps/compat/test/compat.test.ts', says: 'compare(framework' },
  'node apps/compat/dist/main.js model 10000': { by: 'apps/compat/test/model.test.ts', says: 'model(' },
  'node tooling/runtimes/run.mjs parser': long,
  'node tooling/runtimes/run.mjs core': long,
  'node tooling/runtimes/run.mjs': long,
  'node packages/parser/fuzz/differential.mjs 600': long,
  'node tooling/reliability/keep-alive-race.mjs 20000': long,
  'node tooling/reliability/drain.mjs 20': long,
  'node tooling/reliability/soak.mjs 900': long,
  'node tooling/reliability/kill-a-backend.mjs 20': long,
  'node tooling/reliability/abandoned-requests.mjs 1000000': long,
  'sudo node tooling/reliability/rehearse.mjs': 'needs the superuser of a Linux, and takes minutes',
  'sudo node tooling/reliability/rehearse.mjs --front=haproxy': 'needs the superuser of a Linux, and takes minutes',
  'node tooling/reliability/static-files.mjs': long,
  'node tooling/conformance/front/features.mjs': long,
  'node tooling/conformance/static/scorecard.mjs': long,
  'node tooling/conformance/static/scorecard.mjs /tmp/peers': long,
  'npm install --prefix /tmp/peers serve http-server sirv-cli srvx': registry,
  'npm run bench -- --workloads plaintext,json --rounds 3 --html bench.html': measures,
  'npm run bench:tables': measures,
  'node apps/bench/dist/tables.js http2,websocket 5 3': measures,
  'node apps/bench/dist/micro.js': measures,
  'node --cpu-prof apps/bench/dist/micro.js browser': measures,
  'node apps/bench/dist/idle.js': measures,
  'node apps/bench/dist/scale.js': { by: 'apps/bench/test/scale.test.ts', says: "'all', '20'" },
  'node apps/bench/dist/scale.js idle,slow 5000 spillway,nginx': measures,
  'node apps/bench/dist/scale.js all full': measures,
  'node apps/bench/dist/main.js --workloads plaintext --servers node-http,spillway,node-http-node24,spillway-node24,node-http-node26,spillway-node26':
    measures,
}

/** The commands in the documents, without trailing remarks. Decision records and changelogs are left out: they instruct nobody. */
function typed(): { document: string; command: string }[] {
  return pages
    .filter((name) => name.endsWith('.md') && !name.startsWith('docs/decisions'))
    .flatMap((document) =>
      [...readFileSync(join(root, document), 'utf8').matchAll(/^```(?:sh|bash|console)\n([^]*?)^```/gm)]
        .flatMap(([, block]) => block!.split('\n'))
        .map((line) => line.replace(/(^|\s+)# .*$/, '').trim())
        .filter((command) => command !== '')
        .map((command) => ({ document, command })),
    )
}

const scripts: ReadonlySet<string> = new Set(
  ['package.json', 'packages/create/templates/shared/_package.json'].flatMap((file) =>
    Object.keys((JSON.parse(readFileSync(join(root, file), 'utf8')) as { scripts: object }).scripts),
  ),
)
const demos = readFileSync(join(root, 'tooling/start.mjs'), 'utf8')

/** Which script, demo or file that a command names is missing; undefined when all exist. */
function missingIn(command: string): string | undefined {
  const words = command.split(/\s+/)
  const [, script] = /^npm (?:run )?(\S+)/.exec(command) ?? []
  const ofNpm = ['create', 'install', 'start', 'test']
  if (script !== undefined && !ofNpm.includes(script) && !scripts.has(script)) return `there is no script ${script}`
  const [, demo] = /^npm start (\S+)/.exec(command) ?? []
  if (demo !== undefined && !demos.includes(`\n  ${demo}: {`)) return `there is no demo ${demo}`
  // npm does not know the folders of a pnpm workspace, and turbo needs pnpm, which only our scripts can find.
  if (/^npm .*--workspace/.test(command)) return 'npm finds no workspaces here'
  if (words[0] === 'npx' && words[1] === 'turbo') return 'turbo finds no pnpm when npx starts it'
  const [, filter] = /--filter=@spillway\/(\w+)/.exec(command) ?? []
  const places = words.filter((word) => /^(?:apps|packages|tooling)\//.test(word))
  if (filter !== undefined)
    places.push(`${['apps', 'packages'].find((group) => existsSync(join(root, group, filter)))}/${filter}`)
  return places.find((place) => !isThere(join(root, place.replace(/\/dist\/(.+)\.js$/, '/src/$1.ts'))))
}

/** Whether a path exists; vitest's arguments may be just the beginning of a name. */
function isThere(place: string): boolean {
  return existsSync(dirname(place)) && readdirSync(dirname(place)).some((name) => name.startsWith(basename(place)))
}

describe('commands in documents', () => {
  const all = typed()

  it('are run by something, or it is said why not', () => {
    expect(all.length).toBeGreaterThan(50)
    expect(all.filter(({ command }) => commands[command] === undefined)).toEqual([])
  })

  it('name scripts, demos and files that are there', () => {
    const wrong = all.map(({ document, command }) => ({ document, command, missing: missingIn(command) }))
    expect(wrong.filter(({ missing }) => missing !== undefined)).toEqual([])
  })

  it('and nothing else is listed', () => {
    const known = new Set(all.map(({ command }) => command))
    expect(Object.keys(commands).filter((command) => !known.has(command))).toEqual([])
  })

  it('by files that are there and do it', () => {
    const runs = Object.values(commands).filter((run) => typeof run !== 'string')
    expect(runs.filter(({ by, says }) => !readFileSync(join(root, by), 'utf8').includes(says))).toEqual([])
  })
})
