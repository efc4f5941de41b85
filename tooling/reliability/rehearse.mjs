// Counts the requests that an installation loses to failures: clients, a front server, two hosts with an application and one with
// Redis, each in its own network namespace; hosts are killed, cables pulled, new versions deployed. Needs Linux, root, and redis-server;
// build first. Usage: node tooling/reliability/rehearse.mjs [--short] [--front=gateway|haproxy] [--config=gateway.json]
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { optionLines, readOptions, runProgram } from '../command-line/index.js'
import { Network, whyNot } from './rehearse/network.mjs'

const flags = {
  short: { type: 'boolean', help: 'phases of 2.5 seconds instead of 6' },
  front: {
    type: 'string',
    choices: ['gateway', 'haproxy'],
    default: 'gateway',
    value: 'name',
    help: 'the front server',
  },
  config: {
    type: 'string',
    default: here('rehearse/gateway.json'),
    value: 'file',
    help: 'the configuration of the gateway',
  },
}

/** The maximum of requests without a session that may be lost in each phase. */
const allowed = {
  steady: 0,
  'a process is killed': 0,
  'a host is gone': 1,
  'it is back': 0,
  drain: 0,
  deploy: 0,
  reload: 0,
  'Redis hangs': 0,
  'Redis is gone': 0,
}
const addresses = { one: '10.77.0.11', two: '10.77.0.12', redis: '10.77.0.13', front: '10.77.0.2', client: '10.77.0.3' }
let values
/** The length of each phase, in milliseconds. */
let span

await runProgram('rehearse', async (args) => {
  values = readOptions(args, flags).values
  if (values.help) return console.log(optionLines(flags))
  span = values.short ? 2500 : 6000
  const missing = whyNot() || need('redis-server') || (values.front === 'haproxy' ? need('haproxy') : '')
  if (missing !== '') console.log(`rehearse: skipped (${missing})`)
  else process.exitCode = (await rehearse()) ? 0 : 1
})

async function rehearse() {
  const network = new Network()
  try {
    for (const [name, address] of Object.entries(addresses)) network.add(name, address)
    let redis = startRedis(network)
    const apps = { one: startApp(network, 'one'), two: startApp(network, 'two') }
    const front = startFront(network)
    await answers(network)
    const clients = ['/', '/session'].map((path) => startClient(network, path))
    const phase = async (name, ms = span) => {
      for (const { child } of clients) child.stdin.write(`${name}\n`)
      await sleep(ms)
    }
    const restart = async (name) => {
      // `ip netns exec` replaces itself with the program, so this is the program's process.
      apps[name].kill('SIGTERM')
      await apps[name].ended
      apps[name] = startApp(network, name)
      await sleep(1500)
    }
    await phase('steady')
    const killing = phase('a process is killed')
    apps.one.kill('SIGKILL')
    await killing
    apps.one = startApp(network, 'one')
    await sleep(1500)
    const pulling = phase('a host is gone')
    network.cable('one', false)
    await pulling
    network.cable('one', true)
    await phase('it is back')
    await phase('drain', 0)
    await restart('two')
    await phase('deploy', 0)
    for (const name of ['one', 'two']) await restart(name)
    if (values.front === 'gateway') {
      await phase('reload', 0)
      for (let i = 0; i < 5; i++) {
        front.kill('SIGHUP')
        await sleep(span / 5)
      }
    }
    await phase('Redis hangs', 0)
    redis.kill('SIGSTOP')
    await sleep(span)
    redis.kill('SIGCONT')
    await phase('(Redis is back)', 1000)
    await phase('Redis is gone', 0)
    redis.kill('SIGKILL')
    await sleep(span)
    redis = startRedis(network)
    await phase('(Redis is back again)', 2000)
    return report(await Promise.all(clients.map(({ end }) => end())))
  } finally {
    await network.remove()
  }
}

function row(cells) {
  console.log(cells.map((cell, i) => String(cell).padEnd(i === 0 ? 24 : 30)).join(''))
}

function told({ requests, lost, slow, longest }) {
  return `${requests} / ${lost} / ${slow} / ${longest} ms`
}

function report([plain, withSession]) {
  console.log(`${values.front}, ${span} ms a phase: requests / lost / slow / longest`)
  row(['', 'without a session', 'with a session'])
  for (const [i, one] of plain.entries()) row([one.name, told(one), told(withSession[i])])
  const bad = plain.filter(({ name, requests, lost }) => requests === 0 || lost > (allowed[name] ?? Infinity))
  for (const { name, lost, kinds } of bad) console.error(`${name}: ${lost} lost, ${JSON.stringify(kinds)}`)
  return bad.length === 0
}

function startRedis(network) {
  const options = ['--bind', addresses.redis, '--protected-mode', 'no', '--save', '', '--appendonly', 'no']
  return network.run('redis', ['redis-server', ...options])
}

function startApp(network, name) {
  return network.run(name, [process.execPath, here('rehearse/app.mjs'), addresses[name], addresses.redis])
}

function startFront(network) {
  return values.front === 'haproxy'
    ? network.run('front', ['haproxy', '-f', here('rehearse/haproxy.cfg')], { stdio: 'ignore' })
    : network.run('front', [process.execPath, here('../../apps/gateway/dist/main.js'), values.config], {
        stdio: 'ignore',
      })
}

function startClient(network, path) {
  const command = [process.execPath, here('rehearse/client.mjs'), `http://${addresses.front}:8080`, path, '4']
  const child = network.run('client', command, { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  const end = async () => {
    child.stdin.write('end\n')
    await child.ended
    return JSON.parse(output)
  }
  return { child, end }
}

/** Waits until the front server answers with both applications behind it. */
async function answers(network) {
  for (let i = 0; i < 100; i++) {
    const asking = network.run(
      'client',
      ['curl', '-sf', '-m', '1', '-o', '/dev/null', `http://${addresses.front}:8080/session`],
      { stdio: 'ignore' },
    )
    if ((await asking.ended) === 0) return sleep(1000)
    await sleep(100)
  }
  throw new Error('The front server does not answer')
}

function need(program) {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return ''
  } catch {
    return `there is no ${program}`
  }
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function here(path) {
  return fileURLToPath(new URL(path, import.meta.url))
}
