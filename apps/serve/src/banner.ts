// What is printed when the server is ready.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Style } from '@spillway/command-line'
import { ownAddresses } from './addresses.ts'
import type { Certificate } from './certificate.ts'
import type { Settings } from './options.ts'

/** Where the server can be reached from. */
export interface Places {
  readonly local: string
  /** From other machines on the network; undefined when only this machine can connect. */
  readonly network: string | undefined
}

/** @param host the address to listen on, as given; undefined for every address. */
export function placesOf(scheme: 'http' | 'https', host: string | undefined, port: number): Places {
  const url = (name: string): string => `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`
  const everywhere = host === undefined || host === '::' || host === '0.0.0.0'
  if (!everywhere) return { local: url(host), network: undefined }
  const address = networkAddress()
  return { local: url('localhost'), network: address && url(address) }
}

/** The IPv4 address that other machines most likely reach this one at. */
function networkAddress(): string | undefined {
  return ownAddresses().find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}

/**
 * The text that is printed when the server is ready.
 * @param from with HTTPS, where the certificate is from.
 * @param shown whether a QR code is drawn, and whether there are keys to press.
 */
export async function banner(
  settings: Settings,
  places: Places,
  from: Certificate['from'] | undefined,
  style: Style,
  { qr, keys }: { readonly qr: boolean; readonly keys: boolean },
): Promise<string> {
  const { local, network } = places
  const lines = [`${style('bold', 'spillway')} serves ${style('bold', settings.folder)}`, '']
  lines.push(`  here     ${style('cyan', local)}`)
  if (network) lines.push(`  network  ${style('cyan', network)}`)
  const notes = notesOn(settings, from)
  if (notes.length > 0) lines.push('', `  ${style('dim', notes.join(' · '))}`)
  if (network && qr) {
    const { renderUnicodeCompact } = await import('uqr')
    lines.push(
      '',
      ...renderUnicodeCompact(network, { border: 2 })
        .split('\n')
        .map((line) => `  ${line}`),
    )
  }
  return `\n${lines.join('\n')}\n\n  ${style('dim', keys ? 'Ctrl-C ends it, h lists the other keys' : 'Ctrl-C ends it')}\n\n`
}

function notesOn(
  { folder, spa, listing, live, proxies, cors, auth, cluster }: Settings,
  from: Certificate['from'] | undefined,
): string[] {
  const notes: string[] = []
  if (cluster > 0) notes.push(`${cluster} workers`)
  if (from === 'self') notes.push('self-signed certificate: the browser will ask once')
  if (from === 'mkcert') notes.push('certificate by mkcert')
  // The first request, for the start page, would get a 404.
  if (!listing && !existsSync(join(folder, 'index.html')))
    notes.push(spa ? 'there is no index.html yet' : 'there is no index.html; --listing shows what there is')
  if (spa) notes.push('missing pages are answered with index.html')
  if (listing) notes.push('folders are listed')
  if (live) notes.push('pages reload when files change')
  for (const { prefix, url } of proxies) notes.push(`${prefix} from ${url}`)
  if (cors) notes.push('pages of other origins may read')
  if (auth) notes.push(`for ${auth.name} only`)
  return notes
}
