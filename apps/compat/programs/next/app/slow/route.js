export const dynamic = 'force-dynamic'

export async function GET() {
  await new Promise((resolve) => setTimeout(resolve, 100))
  return new Response('slow')
}
