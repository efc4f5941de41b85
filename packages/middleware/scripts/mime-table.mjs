// Writes src/lib/static/mime-table.ts from mime-db, which nobody needs at run time: node packages/middleware/scripts/mime-table.mjs
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const version = '1.54.0'
const output = new URL('../src/lib/static/mime-table.ts', import.meta.url)

/** What people put on web servers. */
const extensions = `
  html htm xhtml css js mjs json map jsonld webmanifest appcache xml xsl xsd rss atom rdf dtd wsdl mathml
  txt text log md markdown csv tsv ics vcf vtt yaml yml toml ini conf rtf tex n3 ttl nt sgml
  svg png apng jpg jpeg jpe gif webp avif jxl ico bmp tif tiff heic heif psd
  mp3 m4a aac oga ogg opus wav weba flac mid midi mka
  mp4 m4v webm ogv mov avi mkv mpeg mpg 3gp 3g2 wmv flv m3u8 mpd
  woff woff2 ttf otf ttc eot
  pdf ps eps ai doc docx xls xlsx ppt pptx odt ods odp odg epub mobi
  zip gz bz2 xz 7z rar tar jar war apk dmg iso deb rpm exe msi bin img cab torrent crx xpi
  wasm swf sql geojson gpx kml kmz gltf glb obj stl usdz
  cer crt pem p12 p7s asc sig eml mbox sh c h cpp java py jsx less scss php lua pl csh xps vsd
`
/** Where mime-db has several types, none, or one that browsers do not go by. */
const chosen = {
  'application/xml': 'xml xsl',
  'image/x-icon': 'ico',
  'image/bmp': 'bmp',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/aac': 'aac',
  'audio/wav': 'wav',
  'audio/flac': 'flac',
  'video/mp4': 'mp4 m4v',
  'text/javascript': 'js mjs cjs',
  'text/calendar': 'ics',
  'text/vcard': 'vcf',
  'text/plain': 'py php lua pl sh csh c h cpp java',
  'application/zip': 'zip',
  'application/gzip': 'gz tgz',
  'application/zstd': 'zst',
  'application/vnd.rar': 'rar',
  'application/rtf': 'rtf',
  'application/octet-stream': 'dmg iso deb exe msi',
  'application/x-ndjson': 'ndjson jsonl',
  'application/sql': 'sql',
  'model/obj': 'obj',
  'model/stl': 'stl',
  'application/pgp-signature': 'asc sig',
}

const db = load()
const table = new Map()
const add = (type, extension) => table.set(type, [...(table.get(type) ?? []), extension])
const settled = new Set(Object.values(chosen).flatMap((list) => list.split(' ')))
for (const [type, list] of Object.entries(chosen)) for (const extension of list.split(' ')) add(type, extension)
for (const extension of extensions.trim().split(/\s+/)) {
  if (settled.has(extension)) continue
  const types = Object.keys(db).filter((type) => db[type].extensions?.includes(extension))
  if (types.length !== 1) throw new Error(`${extension} has ${types.length} types, choose one: ${types.join(', ')}`)
  add(types[0], extension)
}
const lines = [...table]
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(([type, list]) => `  ${/\W/.test(type) ? `'${type}'` : type}: '${list.toSorted().join(' ')}',`)
writeFileSync(
  output,
  `// Written by scripts/mime-table.mjs from mime-db ${version}.\n` +
    `/** File name extensions by media type. */\n` +
    `export const mimeTable: Readonly<Record<string, string>> = {\n${lines.join('\n')}\n}\n`,
)

function load() {
  const folder = mkdtempSync(join(tmpdir(), 'mime-db-'))
  try {
    execFileSync('npm', ['pack', `mime-db@${version}`, '--silent', '--pack-destination', folder])
    execFileSync('tar', ['-xzf', join(folder, `mime-db-${version}.tgz`), '-C', folder])
    return JSON.parse(readFileSync(join(folder, 'package/db.json'), 'utf8'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
