// The site that all servers serve. Outside its root, next to it, are secrets.
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { execFileSync, findTool } from '../../vitest/programs.js'

const mkfifo = findTool('mkfifo')

const secret = 'top secret'
export const letters = 'abcdefghijklmnopqrstuvwxyz'
export const script = 'console.log("spillway")\n'.repeat(200)
export const style = 'body { color: black }\n'.repeat(300)
/** Every number from 0 on, seven digits and a line end each: 3 MiB. */
export const numbers = Buffer.from(
  Array.from({ length: 393_216 }, (_, i) => `${String(i).padStart(7, '0')}\n`).join(''),
)
/** When everything was last changed. */
export const changed = new Date('2026-01-02T03:04:05Z')

const files = {
  'index.html': '<!doctype html><title>home</title>',
  'about.html': '<!doctype html><title>about</title>',
  'docs/index.html': '<!doctype html><title>docs</title>',
  '404.html': '<!doctype html><title>nothing here</title>',
  'letters.txt': letters,
  'empty.txt': '',
  'numbers.txt': numbers,
  'app.js': script,
  'app.js.br': brotliCompressSync(script),
  'app.js.gz': gzipSync(script),
  'style.css': style,
  'module.mjs': 'export {}',
  'data.json': '{}',
  'image.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'photo.png': Buffer.from([0x89, 0x50, 0x4e, 0x47]),
  'picture.avif': 'x',
  'font.woff2': 'x',
  'film.mp4': 'x',
  'sound.wav': 'x',
  'paper.pdf': 'x',
  'code.wasm': Buffer.from([0, 0x61, 0x73, 0x6d]),
  'app.webmanifest': '{}',
  'UPPER.HTML': 'x',
  noextension: 'x',
  'index-B3x9kQ2z.js': 'hashed()',
  'a b.txt': 'blank',
  'é.txt': 'accent',
  '100%.txt': 'percent',
  'a+b.txt': 'plus',
  'a#b?.txt': 'hash',
  '.env': secret,
  '.git/config': secret,
  'docs/.hidden': secret,
  '.well-known/security.txt': 'contact',
  'bare/x.txt': 'x',
  'files/file2.txt': '22',
  'files/file10.txt': '1010101010',
  'files/<b>&.txt': 'x',
  'files/sub/x.txt': 'x',
  'files/.hidden': secret,
  '../secret.txt': secret,
  '../root-not/index.html': secret,
}

/** Creates the site in a new folder; returns its root, which is `root` in that folder. */
export function makeSite() {
  const root = join(realpathSync(mkdtempSync(join(tmpdir(), 'spillway-scorecard-'))), 'root')
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    utimesSync(path, changed, changed)
  }
  symlinkSync('letters.txt', join(root, 'inside.txt'))
  symlinkSync('../secret.txt', join(root, 'outside.txt'))
  symlinkSync('..', join(root, 'up'))
  symlinkSync('loop', join(root, 'loop'))
  symlinkSync('/dev/zero', join(root, 'zero'))
  if (!mkfifo.isMissing) execFileSync(mkfifo.path, [join(root, 'fifo')])
  return root
}
