export const pageStyle = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre, textarea, summary b { font-family: ui-monospace, monospace; font-size: .9rem }
details { border: 1px solid #8885; border-radius: .4rem; margin: .5rem 0; padding: .5rem .8rem }
summary { cursor: pointer } summary b { display: inline-block; min-width: 4.5rem } summary span { opacity: .75; margin-left: 1rem }
label { display: grid; grid-template-columns: 10rem 1fr; gap: .5rem; margin: .4rem 0; align-items: start }
input, textarea, select, button { font: inherit; padding: .3rem .5rem } textarea { min-height: 8rem }
pre { overflow: auto; background: #8881; padding: .8rem; border-radius: .4rem; white-space: pre-wrap }
.failed { color: #b3261e } @media (prefers-color-scheme: dark) { .failed { color: #ff8a80 } }
`

/** Runs in the browser. Whatever the document says becomes text, never markup. */
export const pageScript = `
const root = document.querySelector('main')
const make = (name, props = {}, ...children) => {
  const node = Object.assign(document.createElement(name), props)
  node.append(...children)
  return node
}
const fail = (where, error) => where.replaceChildren(make('p', { className: 'failed', textContent: String(error) }))
let api

const resolve = (value) => {
  if (typeof value?.$ref !== 'string') return value ?? {}
  const keys = value.$ref.slice(2).split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  return keys.reduce((node, key) => node?.[key], api) ?? {}
}

const example = (given, depth = 0) => {
  const schema = resolve(given)
  if (schema.default !== undefined) return schema.default
  if (schema.const !== undefined) return schema.const
  const first = schema.examples?.[0] ?? schema.enum?.[0]
  if (first !== undefined) return first
  const choice = schema.anyOf ?? schema.oneOf
  if (choice) return example(choice[0], depth)
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => example(part, depth)))
  if (depth > 5) return null
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([k, v]) => [k, example(v, depth + 1)]))
    case 'array': return schema.items ? [example(schema.items, depth + 1)] : []
    case 'string': return ''
    case 'integer': case 'number': return schema.minimum ?? 0
    case 'boolean': return false
    default: return null
  }
}

const write = (type, value) => type.includes('json')
  ? JSON.stringify(value, null, 2)
  : type.includes('urlencoded') ? String(new URLSearchParams(value ?? {})) : ''

const send = async (method, path, fields, body, output) => {
  output.replaceChildren(make('p', { textContent: '…' }))
  try {
    const query = new URLSearchParams()
    let target = path
    for (const { name, in: place, input } of fields) {
      if (place === 'path') target = target.replace('{' + name + '}', encodeURIComponent(input.value))
      else if (place === 'query' && input.value !== '') query.append(name, input.value)
    }
    if (query.size) target += '?' + query
    const init = { method: method.toUpperCase() }
    if (body) Object.assign(init, { body: body.text.value, headers: { 'Content-Type': body.type.value } })
    const started = performance.now()
    const reply = await fetch(target, init)
    const text = await reply.text()
    const took = Math.round(performance.now() - started) + ' ms'
    const head = [reply.status + ' ' + reply.statusText + ' · ' + took, ...[...reply.headers].map((pair) => pair.join(': '))]
    let shown = text
    if (/json/.test(reply.headers.get('content-type') ?? '')) try { shown = JSON.stringify(JSON.parse(text), null, 2) } catch {}
    output.replaceChildren(
      make('pre', { className: reply.ok ? 'head' : 'head failed', textContent: head.join('\\n') }),
      make('pre', { className: 'content', textContent: shown }),
    )
  } catch (error) { fail(output, error) }
}

const render = (path, method, operation) => {
  const output = make('div')
  const form = make('form')
  const fields = (operation.parameters ?? []).map((given) => {
    const parameter = resolve(given)
    const input = make('input', { name: parameter.name, required: Boolean(parameter.required) })
    form.append(make('label', {}, make('code', { textContent: parameter.name + ' (' + parameter.in + ')' }), input))
    return { ...parameter, input }
  })
  const content = operation.requestBody && resolve(operation.requestBody).content
  let body
  if (content) {
    const type = make('select', { name: 'type' }, ...Object.keys(content).map((key) => new Option(key)))
    const text = make('textarea', { name: 'content', spellcheck: false })
    type.onchange = () => { text.value = write(type.value, example(content[type.value].schema)) }
    type.onchange()
    form.append(make('label', {}, type, text))
    body = { type, text }
  }
  form.append(make('button', { textContent: 'Send' }))
  form.onsubmit = (event) => { event.preventDefault(); send(method, path, fields, body, output) }
  const replies = Object.entries(operation.responses ?? {}).map(([k, v]) => k + ' ' + (resolve(v).description ?? '')).join(' · ')
  return make('details', {},
    make('summary', {}, make('b', { textContent: method.toUpperCase() }), make('code', { textContent: path }),
      make('span', { textContent: (operation.deprecated ? 'deprecated · ' : '') + (operation.summary ?? '') })),
    make('p', { textContent: operation.description ?? '' }), form,
    make('p', { textContent: replies }), output)
}

try {
  const reply = await fetch(document.documentElement.dataset.document)
  if (!reply.ok) throw new Error('The document answers ' + reply.status)
  api = await reply.json()
  document.title = api.info.title
  root.replaceChildren(
    make('h1', { textContent: api.info.title + ' ' + api.info.version }),
    make('p', { textContent: api.info.description ?? '' }),
    ...Object.entries(api.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => render(path, method, operation))),
  )
} catch (error) { fail(root, error) }
`

/** The page for the document at `url`. */
export function pageOf(url: string): string {
  const escaped = url.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
  return `<!doctype html>
<html lang="en" data-document="${escaped}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>API</title>
<style>${pageStyle}</style>
<main>…</main>
<script type="module">${pageScript}</script>
</html>
`
}
