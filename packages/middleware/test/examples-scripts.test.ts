import { expect, onTestFinished, test } from 'vitest'
import { type FastCgiRequest, answer, fakeApplication } from './fastcgi-server.ts'
import { directoryOf } from './scripts.ts'
import { start } from './server.ts'

const folder = directoryOf({
  'cgi-bin/guestbook.pl': '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n%s %s" "$PATH_INFO" "$LANG"\n',
  'search.sh': '#!/bin/sh\nprintf "Location: /cgi-bin/guestbook.pl$PATH_INFO\\n\\n"\n',
  'public/index.php': '<?php',
  'public/style.css': 'body {}',
  'run/.keep': '',
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

function respond({ socket, params }: FastCgiRequest): void {
  socket.write(answer([params['SCRIPT_FILENAME'], params['PATH_INFO'], params['SERVER_NAME']].join(' ')))
}

test('fastcgi', async () => {
  inFolder()
  await fakeApplication(respond, () => {}, 'run/php-fpm.sock')
  const { app } = await import('./examples/fastcgi.ts')
  const { url } = await start(app)
  const text = async (path: string): Promise<string> => (await fetch(url + path)).text()
  expect(await text('/')).toBe(`${folder}/public/index.php  www.example.com`)
  expect(await text('/style.css')).toBe('body {}')
  expect(await text('/about/us')).toBe('/srv/www/public/index.php /about/us www.example.com')
})
