// The pages of the inspector, as its build and its tests need them.
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'

/** What other parsers and servers make of the samples and of the cases of the parser. */
const readers = new URL('../parser/fuzz/readers.json', import.meta.url)

const own = { pages: new URL('public/', import.meta.url), styles: new URL('styles/', import.meta.url) }

/** A site that is built upon the inspector's: with pages and styles of its own, and in places other words. */
export interface Site {
  /** Its pages; `<name>.slots.html` has what goes into the slots of the inspector's `<name>.html`. */
  readonly pages: URL
  readonly styles: URL
}

/**
 * Writes a site's files into a folder, every page with its style sheets in its head: a browser paints a page as soon as it
 * has it, and each sheet that it has to ask for first costs it a third of the time until then.
 * @param site the one to write. Default: the inspector itself.
 */
export function writePages(folder: string, site: Site = own): void {
  for (const { pages } of new Set([own, site])) cpSync(pages, folder, { recursive: true })
  cpSync(readers, `${folder}/readers.json`)
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.html')) continue
    const path = `${folder}/${name}`
    if (name.endsWith('.slots.html')) rmSync(path)
    else writeFileSync(path, withStyles(withSlots(readFileSync(path, 'utf8'), site, name), site))
  }
}

const slot = / *<!-- slot:(\w+) -->\n([\s\S]*?) *<!-- \/slot -->\n/g

/** Fills the slots of a page: with what the site has for them, or as the inspector does. */
function withSlots(page: string, { pages }: Site, name: string): string {
  const file = `${name.slice(0, -'.html'.length)}.slots.html`
  const there = readdirSync(pages).includes(file) ? readFileSync(new URL(file, pages), 'utf8') : ''
  const filled = new Map([...there.matchAll(slot)].map(([, key = '', content = '']) => [key, content]))
  return page.replace(slot, (_, key: string, content: string) => filled.get(key) ?? content)
}

/** Puts what a page links to as its style sheets into the page. */
function withStyles(page: string, { styles }: Site): string {
  const links = /(?: *<link rel="stylesheet" href="\.\.\/styles\/[\w.]+" \/>\n)+/
  const names = new Set(readdirSync(styles))
  return page.replace(links, (all) => {
    const sheets = [...all.matchAll(/styles\/([\w.]+)/g)].map(([, name = '']) =>
      readFileSync(new URL(name, names.has(name) ? styles : own.styles), 'utf8'),
    )
    return `    <style>\n${sheets.join('\n')}</style>\n`
  })
}
