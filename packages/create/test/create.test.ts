import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { create, nameFor, refusalOf, templates } from '../src/create.ts'

function folderFor(): string {
  const folder = mkdtempSync(join(tmpdir(), 'create-spillway-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8')

describe.each(Object.keys(templates))('the template %s', (template) => {
  test('has all that a project needs, with its name in it', () => {
    const folder = join(folderFor(), 'my-app')
    create({ folder, template, name: 'my-app', version: '^1.2.3' })
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    const needed = [
      '.dockerignore',
      '.env.example',
      '.gitignore',
      'Dockerfile',
      'README.md',
      'package.json',
      'tsconfig.build.json',
      'tsconfig.json',
      'src/app.ts',
      'src/env.ts',
      'src/main.ts',
      'test/app.test.ts',
    ]
    expect(files).toEqual(expect.arrayContaining(needed))
    expect(files.filter((name) => /(?:^|[/\\])_/.test(name))).toEqual([])
    const manifest = JSON.parse(read(folder, 'package.json')) as Record<string, Record<string, string>>
    expect(manifest['name']).toBe('my-app')
    expect(Object.keys(manifest['scripts']!)).toEqual(['dev', 'routes', 'test', 'build', 'start'])
    expect(manifest['dependencies']).toMatchObject({ '@spillway/core': '^1.2.3', '@spillway/middleware': '^1.2.3' })
    expect(manifest['devDependencies']).toMatchObject({ '@spillway/serve': '^1.2.3' })
    for (const name of files.filter((one) => /\.\w+$/.test(one))) expect(read(folder, name)).not.toContain('{{')
  })

  test('names everything that the environment may say', () => {
    const folder = folderFor()
    create({ folder, template, name: 'a', version: '^1.0.0' })
    const said = [...read(folder, '.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name)
    const known = [...read(folder, 'src/env.ts').matchAll(/^ {2}([A-Z]+):/gm)].map(([, name]) => name)
    expect(said).toEqual(known)
  })

  test('has a container that is healthy when the program answers, and that is nobody’s root', () => {
    const folder = folderFor()
    create({ folder, template, name: 'a', version: '^1.0.0' })
    const lines = read(folder, 'Dockerfile').split('\n')
    const instructions = lines.map((line) => line.split(' ', 1)[0]).filter((word) => word && word !== '#')
    const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'HEALTHCHECK', 'CMD']
    expect(instructions.filter((word) => !known.includes(word!))).toEqual([])
    expect(instructions.indexOf('USER')).toBeLessThan(instructions.indexOf('CMD'))
    expect(JSON.parse(/^CMD (.*)$/m.exec(lines.join('\n'))![1]!)).toEqual([
      'node',
      '--enable-source-maps',
      'dist/main.js',
    ])
    expect(read(folder, 'src/app.ts')).toContain("'/live'")
    expect(lines.find((line) => line.startsWith('HEALTHCHECK'))).toContain("'/live'")
  })
})

test('a folder that is not empty is left alone', () => {
  const folder = folderFor()
  expect(refusalOf(join(folder, 'new'))).toBeUndefined()
  expect(refusalOf(folder)).toBeUndefined()
  mkdirSync(join(folder, '.git'))
  expect(refusalOf(folder)).toBeUndefined()
  writeFileSync(join(folder, 'notes.txt'), '')
  expect(refusalOf(folder)).toContain('is not empty')
  expect(refusalOf(join(folder, 'notes.txt'))).toContain('is a file')
})

test.each([
  ['My App', 'my-app'],
  ['.hidden', 'hidden'],
  ['été', 't'],
  ['日本', 'app'],
  ['a_b.c~d-', 'a_b.c~d'],
])('%s is %s to npm', (folder, name) => {
  expect(nameFor(folder)).toBe(name)
})
