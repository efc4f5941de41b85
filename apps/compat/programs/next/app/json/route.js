export async function POST(request) {
  try {
    return Response.json(await request.json(), { status: 201 })
  } catch {
    return new Response('no JSON', { status: 400 })
  }
}
