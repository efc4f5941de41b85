import { writeFileSync } from 'node:fs'
import { type FastCgi, fastcgi } from '@spillway/middleware/fastcgi'
import { router } from '@spillway/middleware/router'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type PhpFpm, phpFpm, startPhpFpm } from './php-fpm.ts'
import { directoryOf } from './scripts.ts'
import { start } from './server.ts'
import { ask, open } from './wire.ts'

// Processes start late on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const home = directoryOf({})
const root = directoryOf({
  'index.php': `<?php header('X-Powered: php'); echo 'hello ', $_GET['name'] ?? 'nobody';`,
  'server.php': `<?php header('Content-Type: application/json'); echo json_encode($_SERVER);`,
  'form.php': `<?php echo json_encode([$_POST, array_map(fn($f) => [$f['name'], $f['size']], $_FILES), $_COOKIE]);`,
  'input.php': `<?php echo strlen(file_get_contents('php://input')), ' ', md5(file_get_contents('php://input'));`,
  'status.php': `<?php http_response_code(418); header('Set-Cookie: a=1'); header('Set-Cookie: b=2', false); echo 'teapot';`,
  'redirect.php': `<?php header('Location: /index.php');`,
  'error.php': `<?php error_log('logged'); throw new Exception('secret');`,
  'large.php': `<?php for ($i = 0; $i < 200; $i++) echo str_repeat(chr(65 + $i % 26), 100000);`,
  'forever.php': `<?php ignore_user_abort(false); set_time_limit(0); for (;;) { echo str_repeat('x', 1000); flush(); }`,
  'flush.php': `<?php ob_implicit_flush(); while (ob_get_level()) ob_end_flush(); echo 'first'; flush(); while (!file_exists($_GET['until'])) { usleep(20000); clearstatcache(); } echo 'second';`,
  'pid.php': `<?php echo getmypid();`,
  'upload/evil.jpg': `<?php echo 'executed';`,
})

withTools(phpFpm)('php-fpm', () => {
  let fpm: PhpFpm | undefined
  let php: FastCgi
  let errors = ''
  beforeAll(async () => {
    fpm = await startPhpFpm(home)
    php = fastcgi({ path: fpm.socket }, { onStderr: (text) => (errors += text), limits: { connections: 2 } })
  }, 60_000)
  afterAll(() => fpm?.stop())
  const server = () => start(php.scripts(root), { onError: () => {}, limits: { bodyBytes: 10_000_000 } })

  test('runs a page', async () => {
    const reply = await ask(await server(), 'GET /?name=Ali')
    expect([reply.status, String(reply.content), reply.headers.get('x-powered')]).toEqual([200, 'hello Ali', 'php'])
    expect(reply.headers.get('content-type')).toMatch(/^text\/html/)
  })

  test('knows the request', async () => {
    const { content } = await ask(await server(), 'GET /server.php/extra/p%20q?a=1', { fields: ['X-Test: caf\u00e9'] })
    expect(JSON.parse(String(content))).toMatchObject({
      SCRIPT_FILENAME: `${root}/server.php`,
      SCRIPT_NAME: '/server.php',
      PATH_INFO: '/extra/p q',
      PATH_TRANSLATED: `${root}/extra/p q`,
      PHP_SELF: '/server.php/extra/p q',
      QUERY_STRING: 'a=1',
      REQUEST_URI: '/server.php/extra/p%20q?a=1',
      REQUEST_METHOD: 'GET',
      HTTP_X_TEST: 'café',
      DOCUMENT_ROOT: root,
    })
  })

  test('takes forms, files and cookies', async () => {
    const { url } = await server()
    const form = new FormData()
    form.append('title', 'ü')
    form.append('photo', new Blob(['y'.repeat(200_000)]), 'p.png')
    const reply = await fetch(`${url}/form.php`, { method: 'POST', body: form, headers: { cookie: 'a=1; b=2' } })
    expect(await reply.json()).toEqual([{ title: 'ü' }, { photo: ['p.png', 200_000] }, { a: '1', b: '2' }])
  })

  test('takes content with and without a length', async () => {
    const { url } = await server()
    const whole = await fetch(`${url}/input.php`, { method: 'POST', body: 'x'.repeat(3_000_000) })
    expect(await whole.text()).toMatch(/^3000000 /)
    const chunked = new Blob(['abc']).stream()
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: chunked, duplex: 'half' }
    expect(await (await fetch(`${url}/input.php`, init)).text()).toBe('3 900150983cd24fb0d6963f7d28e17f72')
  })

  test('gives statuses, cookies and redirects', async () => {
    const app = await server()
    const teapot = await ask(app, 'GET /status.php')
    expect([teapot.status, teapot.headers.get('set-cookie'), String(teapot.content)]).toEqual([
      418,
      'a=1, b=2',
      'teapot',
    ])
    const redirect = await ask(app, 'GET /redirect.php')
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, '/index.php'])
    expect(await ask(app, 'HEAD /index.php')).toMatchObject({ status: 200 })
  })

  test('an exception is the 500 of PHP, and logged', async () => {
    const reply = await ask(await server(), 'GET /error.php')
    expect([reply.status, String(reply.content)]).toEqual([500, expect.not.stringContaining('secret') as string])
    expect(errors).toContain('logged')
    expect(errors).toContain('secret')
  })

  test('streams', async () => {
    const app = await server()
    const { content, complete } = await ask(app, 'GET /large.php')
    expect([content.length, complete]).toEqual([20_000_000, true])
    const until = `${root}/until`
    const socket = open(app, `GET /flush.php?until=${until}`)
    let got = ''
    socket.on('data', (chunk: Buffer) => (got += String(chunk)))
    await vi.waitFor(() => expect(got).toContain('first'), 20_000)
    expect(got).not.toContain('second')
    writeFileSync(until, '')
    await vi.waitFor(() => expect(got).toContain('second'), 20_000)
  })

  test('keeps its connection', async () => {
    const app = await server()
    const pids = new Set<string>()
    for (let i = 0; i < 10; i++) pids.add(String((await ask(app, 'GET /pid.php')).content))
    expect(pids.size).toBe(1)
  })

  test('is free again when clients leave, at once and in the middle', async () => {
    const app = await server()
    for (let i = 0; i < 6; i++) {
      const socket = open(app, 'GET /forever.php')
      await new Promise((resolve) => socket.once('data', resolve))
      socket.destroy()
    }
    // There are two processes; with one lost for each client, nobody would answer.
    await vi.waitFor(async () => expect(await ask(app, 'GET /index.php')).toMatchObject({ status: 200 }), 30_000)
  }, 60_000)

  test('runs no file that is no script, whatever the path says', async () => {
    const app = await server()
    for (const path of [
      '/upload/evil.jpg',
      '/upload/evil.jpg/x.php',
      '/upload/evil.jpg/.php',
      '/upload/evil.jpg%00.php',
    ]) {
      const { status, content } = await ask(app, `GET ${path}`)
      expect([400, 404]).toContain(status)
      expect(String(content)).not.toContain('executed')
    }
  })

  test('is a front controller', async () => {
    const app = router().mount('/shop', php.script(`${root}/server.php`))
    const { content } = await ask(await start(app), 'GET /shop/cart/7')
    expect(JSON.parse(String(content))).toMatchObject({ SCRIPT_NAME: '/shop', PATH_INFO: '/cart/7' })
  })
})
