// The page that shows an OpenAPI document.
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

/** Runs in the browser. Everything in the document is inserted as text, never as markup. */
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

const credentials = {}

const authorize = (operation, headers, query) => {
  for (const name of (operation.security ?? api.security ?? []).flatMap(Object.keys)) {
    const scheme = api.components?.securitySchemes?.[name]
    const [first, second] = (credentials[name] ?? []).map((input) => input.value)
    if (!scheme || !first) continue
    if (scheme.type === 'apiKey' && scheme.in === 'query') query.append(scheme.name, first)
    else if (scheme.type === 'apiKey' && scheme.in === 'header') headers[scheme.name] = first
    else if (scheme.scheme === 'basic') headers.Authorization = 'Basic ' + base64(first + ':' + (second ?? ''))
    else if (scheme.type !== 'apiKey') headers.Authorization = 'Bearer ' + first
  }
}

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)))

// The first server of this origin: the page may ask no other.
const base = () => {
  const urls = (api.servers ?? []).map(({ url }) => new URL(url, new URL(root.dataset.document, location)))
  const own = urls.find(({ origin }) => origin === location.origin)
  return own ? own.href.replace(/\\/$/, '') : location.origin
}

const quoted = (text) => "'" + String(text).replaceAll("'", "'\\\\''") + "'"

const curl = (url, { method, headers, body }) => ['curl', '-X ' + method, quoted(url),
  ...Object.entries(headers).map((pair) => '-H ' + quoted(pair.join(': '))),
  ...(body instanceof FormData
    ? [...body].map(([k, v]) => '-F ' + quoted(k + '=' + (v instanceof File ? '@' + v.name : v)))
    : body === undefined ? [] : ['--data-raw ' + quoted(body)])].join(' ')

const requestOf = (method, path, operation, fields, body) => {
  const query = new URLSearchParams()
  const headers = {}
  let target = path
  for (const { name, in: place, input } of fields) {
    if (place === 'path') target = target.replace('{' + name + '}', encodeURIComponent(input.value))
    else if (place === 'query' && input.value !== '') query.append(name, input.value)
    else if (place === 'header' && input.value !== '') headers[name] = input.value
  }
  const content = body?.read()
  if (content !== undefined && !(content instanceof FormData)) headers['Content-Type'] = body.type.value
  authorize(operation, headers, query)
  return [base() + target + (query.size ? '?' + query : ''), { method: method.toUpperCase(), headers, body: content }]
}

const send = async (url, init, output) => {
  output.replaceChildren(make('p', { textContent: '…' }))
  try {
    const started = performance.now()
    const reply = await fetch(url, init)
    const text = await reply.text()
    const took = Math.round(performance.now() - started) + ' ms'
    const head = [reply.status + ' ' + reply.statusText + ' · ' + took, ...[...reply.headers].map((pair) => pair.join(': '))]
    let shown = text
    if (/json/.test(reply.headers.get('content-type') ?? '')) try { shown = JSON.stringify(JSON.parse(text), null, 2) } catch {}
    output.replaceChildren(
      make('pre', { className: 'curl', textContent: curl(url, init) }),
      make('pre', { className: reply.ok ? 'head' : 'head failed', textContent: head.join('\\n') }),
      make('pre', { className: 'content', textContent: shown }),
    )
  } catch (error) { fail(output, error) }
}

const field = (label, input) => make('label', {}, make('code', { textContent: label }), input)
const fold = (title, ...children) => make('details', {}, make('summary', { textContent: title }), ...children)
const schemaOf = (schema) => make('pre', { className: 'schema', textContent: JSON.stringify(schema, null, 2) })

// What is asked for the content: a text, or an input for every part of a form with files.
const bodyOf = (content) => {
  const type = make('select', { name: 'type' }, ...Object.keys(content).map((key) => new Option(key)))
  const place = make('div')
  const body = { type, node: make('div', {}, field('content', type), place), read: undefined }
  type.onchange = () => {
    const { schema, examples } = content[type.value]
    const { properties = {}, required = [] } = resolve(schema)
    if (type.value !== 'multipart/form-data') {
      const text = make('textarea', { name: 'content', spellcheck: false })
      text.value = write(type.value, Object.values(examples ?? {})[0]?.value ?? example(schema))
      place.replaceChildren(text)
      body.read = () => text.value
      return
    }
    const inputs = Object.entries(properties).map(([name, property]) => {
      const isFile = resolve(property).format === 'binary'
      return make('input', { name, type: isFile ? 'file' : 'text', required: required.includes(name) })
    })
    place.replaceChildren(...inputs.map((input) => field(input.name, input)))
    body.read = () => {
      const form = new FormData()
      for (const input of inputs)
        if (input.type === 'file') [...input.files].forEach((file) => form.append(input.name, file))
        else if (input.value !== '') form.append(input.name, input.value)
      return form
    }
  }
  type.onchange()
  return body
}

const render = (path, method, operation) => {
  const output = make('div')
  const form = make('form')
  const fields = (operation.parameters ?? []).map((given) => {
    const parameter = resolve(given)
    const isCookie = parameter.in === 'cookie'
    const required = Boolean(parameter.required) && !isCookie
    const input = make('input', { name: parameter.name, required, disabled: isCookie })
    form.append(field(parameter.name + ' (' + parameter.in + ')', input))
    return { ...parameter, input }
  })
  const content = operation.requestBody && resolve(operation.requestBody).content
  const body = content && bodyOf(content)
  if (body) form.append(body.node)
  form.append(make('button', { textContent: 'Send' }))
  form.onsubmit = (event) => {
    event.preventDefault()
    send(...requestOf(method, path, operation, fields, body), output)
  }
  const schemas = [
    ...Object.entries(content ?? {}).map(([type, { schema }]) => ['Request: ' + type, schema]),
    ...Object.entries(operation.responses ?? {}).flatMap(([status, given]) =>
      Object.entries(resolve(given).content ?? {}).map(([type, { schema }]) => [status + ': ' + type, schema])),
  ].filter(([, schema]) => schema)
  const replies = Object.entries(operation.responses ?? {}).map(([k, v]) => k + ' ' + (resolve(v).description ?? '')).join(' · ')
  const guards = [...new Set((operation.security ?? []).flatMap(Object.keys))].join(', ')
  const needs = (operation.security ?? []).some((one) => Object.keys(one).length === 0) ? ' · takes ' : ' · needs '
  return make('details', {},
    make('summary', {}, make('b', { textContent: method.toUpperCase() }), make('code', { textContent: path }),
      make('span', { textContent: (operation.deprecated ? 'deprecated · ' : '') + (operation.summary ?? '') + (guards && needs + guards) })),
    make('p', { textContent: operation.description ?? '' }), form,
    make('p', { textContent: replies }),
    ...(schemas.length ? [fold('Schemas', ...schemas.flatMap(([title, schema]) => [make('p', { textContent: title }), schemaOf(schema)]))] : []),
    output)
}

const asked = ([name, scheme]) => {
  const secret = (label) => make('input', { type: 'password', autocomplete: 'off', name: name + ' ' + label })
  const inputs = scheme.scheme === 'basic'
    ? [make('input', { autocomplete: 'off', name: name + ' name' }), secret('password')]
    : [secret('token')]
  credentials[name] = inputs
  return inputs.map((input) => field(input.name, input))
}

try {
  const reply = await fetch(root.dataset.document)
  if (!reply.ok) throw new Error('The document answers ' + reply.status)
  api = await reply.json()
  document.title = api.info.title
  const schemes = Object.entries(api.components?.securitySchemes ?? {}).map(([name, scheme]) => [name, resolve(scheme)])
  const schemas = Object.entries(api.components?.schemas ?? {})
  root.replaceChildren(
    make('h1', { textContent: api.info.title + ' ' + api.info.version }),
    make('p', { textContent: api.info.description ?? '' }),
    ...(schemes.length ? [fold('Authorize', ...schemes.flatMap(asked))] : []),
    ...Object.entries(api.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => render(path, method, operation))),
    ...(schemas.length ? [make('h2', { textContent: 'Schemas' }), ...schemas.map(([name, schema]) => fold(name, schemaOf(schema)))] : []),
  )
} catch (error) { fail(root, error) }
`

/** The page for the document at `url`. */
export function pageOf(url: string): string {
  const escaped = url.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>API</title>
<style>${pageStyle}</style>
<main data-document="${escaped}">…</main>
<script type="module">${pageScript}</script>
</html>
`
}
