// What somebody who has just cloned the repository encounters.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { spawnSync } from '../../vitest/tools.js'
import { root } from './pages.ts'

it.each(['18.20.8', '20.9.0', '20.18.3'])('on Node.js %s it is said that this is too old', (version) => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, join(root, 'tooling/start.mjs')]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(`^Node\\.js 20\\.19 or newer is needed; this is ${version} `),
  ])
})

it('a demo that is not there is named, with those that are', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'tooling/start.mjs'), 'chta'], {
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([2, 'There is no demo chta: there are wire-lab, chat, conduit, gateway\n'])
})
