// Watches programs outside the workspace with the inspector as npm would install it, after a build: one that knows nothing of it,
// one that mounts it, and an Express app behind its proxy. In Chromium, the page is used as a newcomer would use it.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { answers, ask, post } from '../../packages/inspect/test/questions.mjs'
import { environment, publishedPackages, root, setup } from '../setup.mjs'
import { chromium, launchChromium } from '../vitest/chromium.js'

const programs = {
  'app.js': `import { serve } from '@spillway/core'
import { router } from '@spillway/middleware/router'
const app = router().post('/slow', async (c) => c.text(await c.body.text()))
console.log('at', (await serve(app, { port: 0 })).url)`,
  'mounted.js': `import { serve } from '@spillway/core'
import { inspector } from '@spillway/inspect'
import { router } from '@spillway/middleware/router'
const app = router()
app.use(inspector())
app.post('/slow', async (c) => c.text(await c.body.text()))
console.log('at', (await serve(app, { port: 0 })).url)`,
  'express.js': `import express from 'express'
const app = express().post('/slow', express.json(), (request, response) => response.send('done'))
const server = app.listen(0, '127.0.0.1', () => console.log('at', 'http://127.0.0.1:' + server.address().port))`,
}

const project = mkdtempSync(join(tmpdir(), 'spillway-inspected-'))
const children = []

/** Starts a program there. @returns a function that waits for output that matches a pattern. */
function start(command, ...args) {
  const child = spawn(command, args, { cwd: project, env: { ...environment, NODE_ENV: '' } })
  children.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece) => (text += piece))
  return async (pattern) => {
    for (;;) {
      const found = pattern.exec(text)?.[1]
      if (found) return found
      if (child.exitCode !== null) throw new Error(`${args.join(' ')} ended with ${child.exitCode}: ${text}`)
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), once(child, 'exit')])
    }
  }
}

/** Installs from packed packages what a user would install. */
function install() {
  const published = publishedPackages()
  const packed = ['parser', 'core', 'middleware', 'inspect'].map((name) => {
    const { folder } = published.get(`@spillway/${name}`)
    const args = ['pack', '--json', '--pack-destination', project]
    const { filename } = JSON.parse(execFileSync('pnpm', args, { cwd: folder, env: environment, encoding: 'utf8' }))
    return [`@spillway/${name}`, `file:${filename}`]
  })
  const tarballs = Object.fromEntries(packed)
  const { express } = JSON.parse(readFileSync(join(root, 'packages/inspect/package.json'), 'utf8')).devDependencies
  const manifest = { type: 'module', dependencies: { ...tarballs, express }, overrides: tarballs }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(project, name), text)
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  execFileSync('npm', args, { cwd: project, env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** The ways to attach the inspector: each returns the link to its page and the URL of the program. */
const ways = {
  'node --import @spillway/inspect/auto app.js': async () => {
    const said = start(process.execPath, '--import', '@spillway/inspect/auto', 'app.js')
    return [await said(/Inspector: (\S+)/), await said(/at (http\S+)/)]
  },
  'app.use(inspector())': async () => {
    const said = start(process.execPath, 'mounted.js')
    return [await said(/Inspector: (\S+)/), await said(/at (http\S+)/)]
  },
  'npx @spillway/inspect proxy, before Express': async () => {
    const url = await start(process.execPath, 'express.js')(/at (http\S+)/)
    const said = start(process.execPath, 'node_modules/.bin/spillway-inspect', 'proxy', url)
    return [await said(/inspector +(http\S+)/), await said(/Clients connect to +(\S+)/)]
  },
}

if (chromium.isMissing) console.log('skipped: Chromium is not installed')
else
  try {
    setup()
    install()
    const browser = await launchChromium()
    try {
      for (const [name, begin] of Object.entries(ways)) {
        const [link, url] = await begin()
        const page = await browser.newPage({ viewport: { width: 1440, height: 960 } })
        const found = await ask(page, link, url, post('/slow'))
        if (!isDeepStrictEqual(found, answers)) throw new Error(`${name}: the page says ${JSON.stringify(found)}`)
        await page.close()
        console.log(`${name}: the page answers`)
      }
    } finally {
      await browser.close()
    }
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(project, { recursive: true, force: true })
  }
