import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FolderWatch } from '../src/folder-watch.ts'

let home: string
let folder: string
let watch: FolderWatch
let changes: number

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'spillway-watch-'))
  folder = join(home, 'site')
  mkdirSync(join(folder, 'sub'), { recursive: true })
  write('index.html', '1')
  write('sub/page.html', '1')
  open()
})

afterEach(() => {
  watch.close()
  rmSync(home, { recursive: true })
})

function open(): void {
  changes = 0
  watch = new FolderWatch(folder, () => changes++)
}

function write(name: string, content: string): void {
  writeFileSync(join(folder, name), content)
}

/** Does something, and waits until it was told, and all of it is over. */
async function told(change: () => void): Promise<void> {
  const before = changes
  change()
  await vi.waitFor(() => expect(changes).toBeGreaterThan(before), 5000)
}

const saves: Readonly<Record<string, (name: string, content: string) => void>> = {
  'in place': write,
  'by rename': (name, content) => {
    write(`${name}.tmp`, content)
    renameSync(join(folder, `${name}.tmp`), join(folder, name))
  },
  'by a backup and a new file': (name, content) => {
    renameSync(join(folder, name), join(folder, `${name}~`))
    write(name, content)
  },
  'by deleting and writing': (name, content) => {
    unlinkSync(join(folder, name))
    write(name, content)
  },
}

it.each(Object.entries(saves))('tells of a save %s, again and again, at the top and below', async (_, save) => {
  for (const content of ['2', '3', '4', '5'])
    for (const name of ['index.html', 'sub/page.html']) await told(() => save(name, content))
  expect(changes).toBeGreaterThanOrEqual(8)
})

it('tells of what is in new folders, and in those that take the place of others', async () => {
  await told(() => mkdirSync(join(folder, 'new/deep'), { recursive: true }))
  await told(() => write('new/deep/a.html', '1'))
  mkdirSync(join(home, 'other'))
  await told(() => {
    renameSync(join(folder, 'sub'), join(home, 'old'))
    renameSync(join(home, 'other'), join(folder, 'sub'))
  })
  await told(() => write('sub/page.html', '2'))
  expect(changes).toBeGreaterThanOrEqual(4)
})

it('tells of the folder itself: deleted, built again, built again', async () => {
  for (let round = 0; round < 2; round++) {
    await told(() => rmSync(folder, { recursive: true }))
    await told(() => {
      mkdirSync(join(folder, 'sub'), { recursive: true })
      write('index.html', 'x')
    })
    await told(() => write('sub/page.html', 'y'))
  }
  expect(changes).toBeGreaterThanOrEqual(6)
})

it('tells of a link that leads elsewhere', async () => {
  watch.close()
  const [first, second] = ['v1', 'v2'].map((name) => join(home, name))
  for (const version of [first!, second!]) mkdirSync(version)
  folder = join(home, 'current')
  symlinkSync(first!, folder)
  open()
  await told(() => {
    symlinkSync(second!, `${folder}.new`)
    renameSync(`${folder}.new`, folder)
  })
  await told(() => write('index.html', '2'))
  expect(changes).toBeGreaterThanOrEqual(2)
})
