export const dynamic = 'force-dynamic'

async function* pieces() {
  for (const piece of ['one ', 'two ', 'three']) {
    yield new TextEncoder().encode(piece)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export function GET() {
  return new Response(ReadableStream.from(pieces()))
}
