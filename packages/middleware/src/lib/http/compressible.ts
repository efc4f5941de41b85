/** Types in addition to the rules below: those that mime-db 1.54.0 marks as compressible, and text types that it does not mark. */
const listed: ReadonlySet<string> = /* @__PURE__ */ new Set(
  [
    'dart ecmascript graphql javascript json n-triples postscript rtf sql tar toml vnd.ms-fontobject vnd.ms-opentype wasm',
    'x-httpd-php x-javascript x-ndjson x-ns-proxy-autoconfig x-sh x-tar x-www-form-urlencoded xml xml-dtd yaml',
  ]
    .flatMap((names) => names.split(' ').map((name) => `application/${name}`))
    .concat(
      'font/otf',
      'font/ttf',
      'image/bmp',
      'image/vnd.adobe.photoshop',
      'image/vnd.microsoft.icon',
      'image/x-icon',
    )
    .concat('image/x-ms-bmp', 'message/rfc822', 'model/gltf-binary', 'model/obj', 'model/stl'),
)

/** Whether compression makes content of this type much smaller; for most images, audio, video and archives it does not. */
export function isCompressible(essence: string): boolean {
  return essence.startsWith('text/') || /\+(?:json|xml|text|yaml)$/.test(essence) || listed.has(essence)
}
