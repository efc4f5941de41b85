// What a front server should do for a site, seen from the outside.
import { connect as connectTls } from 'node:tls'
import { ask, until } from './client.mjs'

const site = 'site.test'
/** A size in bytes that exceeds the limit for forms. */
const tooMuch = 5_000_000

function must(condition, what) {
  if (!condition) throw new Error(what)
}

function upload(length) {
  return { method: 'POST', content: Buffer.alloc(length) }
}

function basic(password) {
  return { authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}` }
}

/** @type {readonly { readonly group: string, readonly name: string, readonly run: (at: any) => Promise<void> }[]} */
export const checks = [
  {
    group: 'names',
    name: 'clients without TLS are redirected to it, with path and query',
    async run(at) {
      const { status, headers } = await ask(at, '/about?x=1', { tls: false })
      must([301, 308].includes(status), `status ${status}`)
      must(headers.location === `https://${site}:${at.https}/about?x=1`, headers.location)
    },
  },
  {
    group: 'names',
    name: 'another name redirects to the main one',
    async run(at) {
      const { status, headers } = await ask(at, '/a%20b?x=1', { host: `www.${site}` })
      must([301, 308].includes(status), `status ${status}`)
      must(headers.location === `https://${site}:${at.https}/a%20b?x=1`, headers.location)
    },
  },
  {
    group: 'names',
    name: 'a name that nobody has configured is refused',
    async run(at) {
      const { status, text } = await ask(at, '/', { tls: false, host: 'other.test' })
      must(status === 0 || status >= 400, `status ${status}`)
      must(!text.includes('home'), text)
    },
  },
  {
    group: 'names',
    name: 'each name has its certificate',
    async run(at) {
      for (const name of [site, 'shop.test']) {
        const subject = await new Promise((resolve, reject) => {
          const options = { port: at.https, host: '127.0.0.1', servername: name, rejectUnauthorized: false }
          const socket = connectTls(options, () => {
            resolve(socket.getPeerCertificate().subject.CN)
            socket.destroy()
          }).on('error', reject)
        })
        must(subject === name, `${name}: ${subject}`)
      }
    },
  },
  {
    group: 'files',
    name: 'pages have clean URLs',
    async run(at) {
      const { status, text, headers } = await ask(at, '/about')
      must(status === 200 && text.includes('about') && /html/.test(headers['content-type']), `${status} ${text}`)
      must((await ask(at, '/pages/499')).text.includes('page 499'), 'page 499')
    },
  },
  {
    group: 'files',
    name: 'names with a hash are cached for ever',
    async run(at) {
      const { headers } = await ask(at, '/app-3f9a1b7c.js')
      must(/immutable/.test(headers['cache-control']), headers['cache-control'])
    },
  },
  {
    group: 'files',
    name: 'styles are compressed for clients that accept it',
    async run(at) {
      const { headers } = await ask(at, '/style.css', { headers: { 'accept-encoding': 'gzip' } })
      must(headers['content-encoding'] === 'gzip', headers['content-encoding'])
    },
  },
  {
    group: 'files',
    name: 'missing files are answered with a page of ours, and 404',
    async run(at) {
      const { status, text } = await ask(at, '/nothing')
      must(status === 404 && text.includes('our 404'), `${status} ${text}`)
    },
  },
  {
    group: 'files',
    name: 'hidden files stay hidden',
    async run(at) {
      for (const path of ['/.git/config', '/%2egit/config', '/pages/../.git/config']) {
        const { status, text } = await ask(at, path)
        must(status >= 400 && !text.includes('secret'), `${path}: ${status}`)
      }
    },
  },
  {
    group: 'files',
    name: 'fields are set in every reply, errors too',
    async run(at) {
      for (const path of ['/', '/nothing']) {
        const { headers } = await ask(at, path)
        must(headers['x-frame-options'] === 'DENY', `${path}: ${headers['x-frame-options']}`)
      }
    },
  },
  {
    group: 'PHP',
    name: 'scripts among the files run, and know of TLS',
    async run(at) {
      const { text } = await ask(at, '/info.php?x=7')
      must(text === 'run 7 on', text)
    },
  },
  {
    group: 'PHP',
    name: 'a front controller answers for paths without a file',
    async run(at) {
      for (const path of ['/', '/things/7?x=1']) {
        const { text } = await ask(at, path, { host: 'shop.test' })
        must(text === `shop ${path}`, text)
      }
    },
  },
  {
    group: 'PHP',
    name: 'what is not a script is never run',
    async run(at) {
      const { status, text } = await ask(at, '/style.css/x.php')
      must(status === 404 || (status === 403 && !text.includes('color')), `${status}`)
    },
  },
  {
    group: 'servers',
    name: 'an application below a path is told who the client is, and no client can forge that',
    async run(at) {
      const forged = { 'x-forwarded-for': '6.6.6.6', x_forwarded_for: '6.6.6.6', 'x-forwarded-proto': 'gopher' }
      const { headers, path } = JSON.parse((await ask(at, '/app/hello?x=1', { headers: forged })).text)
      must(path === '/hello?x=1', path)
      must(headers['x-forwarded-for'] === '127.0.0.1', headers['x-forwarded-for'])
      must(headers['x-forwarded-proto'] === 'https', headers['x-forwarded-proto'])
      must(!JSON.stringify(headers).includes('6.6.6.6'), JSON.stringify(headers))
    },
  },
  {
    group: 'servers',
    name: 'its redirects lead to where clients can reach it',
    async run(at) {
      const { headers } = await ask(at, '/app/login')
      must(/^(?:https:\/\/site\.test:\d+)?\/app\/welcome$/.test(headers.location), headers.location)
    },
  },
  {
    group: 'servers',
    name: 'its cookies are for its own path',
    async run(at) {
      const [cookie] = (await ask(at, '/app/login')).headers['set-cookie']
      must(/^a=b; path=\/app\/?; httponly$/i.test(cookie), cookie)
    },
  },
  {
    group: 'servers',
    name: 'connections change their protocol',
    run: (at) =>
      new Promise((resolve, reject) => {
        const options = { port: at.https, host: '127.0.0.1', servername: site, rejectUnauthorized: false }
        const socket = connectTls(options, () => {
          socket.write(`GET /app/echo HTTP/1.1\r\nHost: ${site}\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n`)
        }).on('error', reject)
        let received = ''
        const timer = setTimeout(() => {
          reject(new Error(`no echo: ${received}`))
          socket.destroy()
        }, 5000)
        socket.on('data', (chunk) => {
          if (received === '') socket.write('are you there?')
          received += chunk.toString('latin1')
          if (!/^HTTP\/1\.1 101 [^]*are you there\?$/.test(received)) return
          clearTimeout(timer)
          socket.destroy()
          resolve()
        })
      }),
  },
  {
    group: 'servers',
    name: 'an upload reaches it as a whole, with its length',
    run: (at) =>
      new Promise((resolve, reject) => {
        const before = at.app.seen.uploads
        const options = { port: at.https, host: '127.0.0.1', servername: site, rejectUnauthorized: false }
        const socket = connectTls(options, () => {
          socket.write(
            `POST /app/upload HTTP/1.1\r\nHost: ${site}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n`,
          )
          // Once another request has been answered, this one would have arrived, too.
          ask(at, '/app/hello').then(() => {
            if (at.app.seen.uploads > before) reject(new Error('the server has it before its end'))
            socket.write('3\r\ndef\r\n0\r\n\r\n')
          }, reject)
        }).on('error', reject)
        let received = ''
        socket.on('data', (chunk) => (received += chunk.toString('latin1')))
        socket.on('close', () => {
          if (/"length":6/.test(received) && /"content-length":"6"/.test(received)) resolve()
          else reject(new Error(received))
        })
      }),
  },
  {
    group: 'servers',
    name: 'a client that reads slowly does not keep it busy',
    async run(at) {
      const before = at.app.seen.bigDone
      const options = { port: at.https, host: '127.0.0.1', servername: site, rejectUnauthorized: false }
      const socket = connectTls(options, () => {
        socket.pause()
        socket.write(`GET /app/big HTTP/1.1\r\nHost: ${site}\r\n\r\n`)
      }).on('error', () => {})
      try {
        await until(() => at.app.seen.bigDone > before, 'the server waits for the client')
      } finally {
        socket.destroy()
      }
    },
  },
  {
    group: 'servers',
    name: 'when one is busy, another is asked',
    async run(at) {
      for (let i = 0; i < 4; i++) {
        const { status } = await ask(at, '/pair/hello')
        must(status === 200, `status ${status}`)
      }
    },
  },
  {
    group: 'servers',
    name: 'when one is gone, a page of ours answers',
    async run(at) {
      const { status, text } = await ask(at, '/gone/x')
      must(status >= 502 && text.includes('our down'), `${status} ${text}`)
    },
  },
  {
    group: 'guards',
    name: 'a password is asked for, and accepted when it is right',
    async run(at) {
      const refused = await ask(at, '/admin/')
      must(refused.status === 401 && /basic/i.test(refused.headers['www-authenticate']), `${refused.status}`)
      must((await ask(at, '/admin/', { headers: basic('wrong') })).status === 401, 'a wrong one')
      must((await ask(at, '/admin/', { headers: basic('right') })).text.includes('admin'), 'the right one')
    },
  },
  {
    group: 'guards',
    name: 'addresses that are not allowed do not get in, however the path is written',
    async run(at) {
      for (const path of ['/internal/x', '//internal/x', '/a/..//internal/x', '/%69nternal/x', '/./internal/x']) {
        const { status, text } = await ask(at, path)
        must(status >= 400 && !text.includes('"path"'), `${path}: ${status}`)
      }
    },
  },
  {
    group: 'guards',
    name: 'uploads have a limit of their own',
    async run(at) {
      must((await ask(at, '/app/upload', upload(3_000_000))).status === 200, '3 MB')
      must((await ask(at, '/app/upload', upload(tooMuch))).status === 413, '5 MB')
      must((await ask(at, '/app/hello', upload(3_000_000))).status === 413, '3 MB elsewhere')
    },
  },
  {
    group: 'guards',
    name: 'a client that asks too often is told so',
    async run(at) {
      const statuses = []
      for (let i = 0; i < 6; i++) statuses.push((await ask(at, '/limited/x')).status)
      must(statuses[0] === 200 && statuses.at(-1) === 429, statuses.join(' '))
    },
  },
  {
    group: 'log',
    name: 'shows host, status, servers and times, and no secrets',
    async run(at) {
      await ask(at, '/app/hello?token=abcdef&mark=1')
      await until(() => /mark=1/.test(at.log()), 'no line')
      const line = at
        .log()
        .split('\n')
        .find((one) => one.includes('mark=1'))
      must(line.includes(site) && line.includes(`127.0.0.1:${at.app.port}`) && /200/.test(line), line)
      must(!line.includes('abcdef'), line)
    },
  },
]
