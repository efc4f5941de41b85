// Hosts that are Linux network namespaces: each has a virtual cable to the others that can be pulled.
import { execFileSync, spawn } from 'node:child_process'

const unique = `sw${process.pid}`

/** Why hosts cannot be created here; empty when they can. */
export function whyNot() {
  if (process.platform !== 'linux') return 'network namespaces exist only on Linux'
  if (process.getuid() !== 0) return 'network namespaces need root'
  try {
    ip('netns', 'add', `${unique}-try`)
    ip('netns', 'del', `${unique}-try`)
    return ''
  } catch (error) {
    return `ip netns: ${error.stderr?.toString().trim() || error.message}`
  }
}

function ip(...args) {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

export class Network {
  #hosts = new Map()
  #children = []

  constructor() {
    ip('netns', 'add', `${unique}-switch`)
    ip('-n', `${unique}-switch`, 'link', 'add', 'bridge', 'type', 'bridge')
    ip('-n', `${unique}-switch`, 'link', 'set', 'bridge', 'up')
  }

  /** Adds a host with this address. */
  add(name, address) {
    const space = `${unique}-${name}`
    const cable = `c${this.#hosts.size}`
    ip('netns', 'add', space)
    this.#hosts.set(name, { space, cable })
    ip('-n', `${unique}-switch`, 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
    ip('-n', `${unique}-switch`, 'link', 'set', cable, 'master', 'bridge', 'up')
    ip('-n', space, 'link', 'set', 'lo', 'up')
    ip('-n', space, 'address', 'add', `${address}/24`, 'dev', 'eth0')
    ip('-n', space, 'link', 'set', 'eth0', 'up')
  }

  /** Pulls the cable of a host, or puts it back. */
  cable(name, isIn) {
    ip('-n', `${unique}-switch`, 'link', 'set', this.#hosts.get(name).cable, isIn ? 'up' : 'down')
  }

  /** Runs a program on a host. */
  run(name, command, options = {}) {
    const child = spawn('ip', ['netns', 'exec', this.#hosts.get(name).space, ...command], {
      stdio: ['ignore', 'ignore', 'inherit'],
      ...options,
    })
    child.ended = new Promise((resolve) => child.once('exit', resolve))
    this.#children.push(child)
    return child
  }

  async remove() {
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all(this.#children.map(({ ended }) => ended))
    for (const { space } of this.#hosts.values()) ip('netns', 'del', space)
    ip('netns', 'del', `${unique}-switch`)
  }
}
