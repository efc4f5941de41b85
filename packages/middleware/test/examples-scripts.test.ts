import { onTestFinished, expect, test } from 'vitest'
import { directoryOf } from './scripts.ts'
import { start } from './server.ts'

const folder = directoryOf({
  'cgi-bin/guestbook.pl': '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n%s %s" "$PATH_INFO" "$LANG"\n',
  'search.sh': '#!/bin/sh\nprintf "Location: /cgi-bin/guestbook.pl$PATH_INFO\\n\\n"\n',
})

/** Examples name their files as the application that they are part of would. */
function inFolder(): void {
  const before = process.cwd()
  onTestFinished(() => process.chdir(before))
  process.chdir(folder)
}

test('cgi', async () => {
  inFolder()
  const { app } = await import('./examples/cgi.ts')
  const { url } = await start(app)
  expect(await (await fetch(`${url}/cgi-bin/guestbook.pl/2026`)).text()).toBe('/2026 C.UTF-8')
  expect(await (await fetch(`${url}/search/web`)).text()).toBe('/web C.UTF-8')
})
