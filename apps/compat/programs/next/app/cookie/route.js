export const dynamic = 'force-dynamic'

export function GET() {
  const headers = new Headers()
  for (const cookie of ['a=1', 'b=2']) headers.append('Set-Cookie', cookie)
  return new Response('', { headers })
}
