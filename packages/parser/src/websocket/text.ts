// Text and UTF-8 (Encoding Standard). Every runtime has these two classes; TypeScript knows them only with the types of one.
declare const TextEncoder: new () => { encode(text: string): Uint8Array }
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string }

export function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** A byte order mark is kept: text is given out exactly as it was sent. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
