import { inject, injector } from '@spillway/core/testing'
import { type Client, client } from '@spillway/middleware/contract-client'
import { Validator } from '@seriousme/openapi-schema-validator'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Api, conduit } from '../src/app.ts'

const secret = 'a secret of thirty-two characters'

/**
 * What the API has to do, whatever it keeps its data in: of the coverage of the public collection.
 * @param database a new one for each test.
 */
export function collection(database: () => string | Promise<string>): void {
  let made: Awaited<ReturnType<typeof conduit>>
  let guest: Client<Api>

  beforeEach(async () => {
    made = await conduit({ database: await database(), secret })
    guest = as()
    onTestFinished(() => made.close())
  })

  function as(token?: string): Client<Api> {
    const headers = token === undefined ? {} : { Authorization: `Token ${token}` }
    return client<Api>('http://localhost', { fetch: injector(made.api), headers })
  }

  /** A new user, and what sends requests in the name of it. */
  async function register(username: string): Promise<Client<Api>> {
    const user = { username, email: `${username}@example.com`, password: 'secret-enough' }
    const reply = await guest('/users').post({ body: { user } })
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body))
    return as(reply.body.user.token)
  }

  const article = {
    title: 'How to train your dragon',
    description: 'Ever wonder how?',
    body: 'Believe',
    tagList: ['training', 'dragons'],
  }

  describe('users', () => {
    test('register, sign in, and are who they are', async () => {
      const user = { username: 'jake', email: 'jake@example.com', password: 'jakejake1' }
      const registered = await guest('/users').post({ body: { user } })
      expect(registered).toMatchObject({ status: 201, body: { user: { username: 'jake', bio: null, image: null } } })
      const signedIn = await guest('/users/login').post({
        body: { user: { email: user.email, password: user.password } },
      })
      expect(signedIn).toMatchObject({ status: 200, body: { user: { email: user.email } } })
      if (signedIn.status !== 200) throw new Error('not signed in')
      const me = await as(signedIn.body.user.token)('/user').get()
      expect(me.body).toMatchObject({ user: { username: 'jake' } })
      expect(JSON.stringify(me.body)).not.toContain('password')
    })

    test.each([
      [{ username: '', email: 'a@example.com', password: 'longenough' }, { username: ['can’t be blank'] }],
      [{ username: 'a', email: 'a', password: 'longenough' }, { email: ['is invalid'] }],
      [
        { username: 'a', email: 'a@example.com', password: 'short' },
        { password: [expect.stringContaining('too short')] },
      ],
    ])('%j is refused', async (user, errors) => {
      expect(await guest('/users').post({ body: { user } })).toMatchObject({ status: 422, body: { errors } })
    })

    test('have names and addresses of their own', async () => {
      const jake = await register('jake')
      await register('ann')
      const user = { username: 'jake', email: 'other@example.com', password: 'longenough' }
      expect((await guest('/users').post({ body: { user } })).body).toEqual({
        errors: { username: ['has already been taken'] },
      })
      const changed = await jake('/user').put({ body: { user: { email: 'ann@example.com' } } })
      expect(changed).toMatchObject({ status: 422, body: { errors: { email: ['has already been taken'] } } })
    })

    test('with a wrong password or token are nobody', async () => {
      await register('jake')
      for (const email of ['jake@example.com', 'nobody@example.com'])
        expect(await guest('/users/login').post({ body: { user: { email, password: 'wrong' } } })).toMatchObject({
          status: 401,
          body: { errors: { credentials: ['invalid'] } },
        })
      expect((await guest('/user').get()).status).toBe(401)
      expect((await as('forged.to.ken')('/user').get()).status).toBe(401)
      const { status, headers } = await as('forged.to.ken')('/articles').get()
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Token'])
    })

    test('change', async () => {
      const jake = await register('jake')
      const image = 'https://example.com/jake.png'
      const changed = await jake('/user').put({ body: { user: { bio: 'I work', image, password: 'another-one' } } })
      expect(changed.body).toMatchObject({ user: { bio: 'I work', image, username: 'jake' } })
      expect((await jake('/user').put({ body: { user: { image: '', bio: null } } })).body).toMatchObject({
        user: { bio: null, image: null },
      })
      const signIn = await guest('/users/login').post({
        body: { user: { email: 'jake@example.com', password: 'another-one' } },
      })
      expect(signIn.status).toBe(200)
    })
  })

  describe('profiles', () => {
    test('are followed, and no more', async () => {
      const jake = await register('jake')
      await register('ann')
      const ann = { params: { username: 'ann' } }
      expect((await guest('/profiles/:username').get(ann)).body).toMatchObject({
        profile: { username: 'ann', following: false },
      })
      expect((await jake('/profiles/:username/follow').post(ann)).body).toMatchObject({ profile: { following: true } })
      expect((await jake('/profiles/:username/follow').post(ann)).status).toBe(200)
      expect((await jake('/profiles/:username').get(ann)).body).toMatchObject({ profile: { following: true } })
      expect((await guest('/profiles/:username').get(ann)).body).toMatchObject({ profile: { following: false } })
      expect((await jake('/profiles/:username/follow').delete(ann)).body).toMatchObject({
        profile: { following: false },
      })
      expect(await guest('/profiles/:username').get({ params: { username: 'none' } })).toMatchObject({
        status: 404,
        body: { errors: { profile: ['not found'] } },
      })
      expect((await guest('/profiles/:username/follow').post(ann)).status).toBe(401)
    })
  })

  describe('articles', () => {
    test('are written, read, changed and removed', async () => {
      const jake = await register('jake')
      const written = await jake('/articles').post({ body: { article } })
      expect(written).toMatchObject({
        status: 201,
        body: {
          article: {
            ...article,
            tagList: ['dragons', 'training'],
            slug: 'how-to-train-your-dragon',
            favorited: false,
            favoritesCount: 0,
            author: { username: 'jake' },
          },
        },
      })
      const slug = 'how-to-train-your-dragon'
      expect((await guest('/articles/:slug').get({ params: { slug } })).body).toMatchObject({
        article: { body: 'Believe' },
      })
      const changed = await jake('/articles/:slug').put({
        params: { slug },
        body: { article: { title: 'Été à Paris', body: 'New' } },
      })
      expect(changed.body).toMatchObject({
        article: { slug: 'ete-a-paris', body: 'New', tagList: ['dragons', 'training'] },
      })
      expect((await guest('/articles/:slug').get({ params: { slug } })).status).toBe(404)
      expect((await jake('/articles/:slug').delete({ params: { slug: 'ete-a-paris' } })).status).toBe(204)
      expect((await guest('/articles/:slug').get({ params: { slug: 'ete-a-paris' } })).status).toBe(404)
    })

    test('of one title have slugs of their own', async () => {
      const jake = await register('jake')
      const slugs = []
      for (let i = 0; i < 3; i++) {
        const { status, body } = await jake('/articles').post({ body: { article } })
        if (status === 201) slugs.push(body.article.slug)
      }
      expect(slugs).toEqual(['how-to-train-your-dragon', 'how-to-train-your-dragon-2', 'how-to-train-your-dragon-3'])
    })

    test('are their author’s alone', async () => {
      const jake = await register('jake')
      const ann = await register('ann')
      await jake('/articles').post({ body: { article } })
      const params = { slug: 'how-to-train-your-dragon' }
      expect((await ann('/articles/:slug').put({ params, body: { article: { body: 'x' } } })).status).toBe(403)
      expect((await ann('/articles/:slug').delete({ params })).status).toBe(403)
      expect((await guest('/articles/:slug').delete({ params })).status).toBe(401)
      expect((await guest('/articles').post({ body: { article } })).status).toBe(401)
      expect(await jake('/articles').post({ body: { article: { ...article, title: ' ' } } })).toMatchObject({
        status: 422,
        body: { errors: { title: ['can’t be blank'] } },
      })
    })

    test('are listed, the newest first, by tag, author and who likes them', async () => {
      const jake = await register('jake')
      const ann = await register('ann')
      for (const title of ['One', 'Two', 'Three'])
        await jake('/articles').post({ body: { article: { ...article, title, tagList: [title, 'all'] } } })
      await ann('/articles').post({ body: { article: { ...article, title: 'Four', tagList: [] } } })
      await ann('/articles/:slug/favorite').post({ params: { slug: 'two' } })
      const titles = async (query: object, reader = guest): Promise<[string[], number]> => {
        const reply = await reader('/articles').get({ query })
        if (reply.status !== 200) throw new Error(JSON.stringify(reply.body))
        return [reply.body.articles.map(({ title }) => title), reply.body.articlesCount]
      }
      expect(await titles({})).toEqual([['Four', 'Three', 'Two', 'One'], 4])
      expect(await titles({ limit: 2, offset: 1 })).toEqual([['Three', 'Two'], 4])
      expect(await titles({ tag: 'all' })).toEqual([['Three', 'Two', 'One'], 3])
      expect(await titles({ author: 'ann' })).toEqual([['Four'], 1])
      expect(await titles({ favorited: 'ann' })).toEqual([['Two'], 1])
      expect(await titles({ tag: 'One', author: 'ann' })).toEqual([[], 0])
      const { body } = await guest('/articles').get({ query: { limit: 1 } })
      expect(JSON.stringify(body)).not.toContain('Believe')
      expect((await guest('/articles').get({ query: { limit: 0 } })).status).toBe(400)
      expect((await guest('/tags').get()).body).toEqual({ tags: ['all', 'One', 'Three', 'Two'] })
      await jake('/profiles/:username/follow').post({ params: { username: 'ann' } })
      const feed = await jake('/articles/feed').get()
      expect(feed.body).toMatchObject({ articlesCount: 1, articles: [{ title: 'Four', author: { following: true } }] })
      expect((await guest('/articles/feed').get()).status).toBe(401)
    })

    test('are liked, once by each', async () => {
      const jake = await register('jake')
      const ann = await register('ann')
      await jake('/articles').post({ body: { article } })
      const params = { slug: 'how-to-train-your-dragon' }
      for (let i = 0; i < 2; i++)
        expect((await ann('/articles/:slug/favorite').post({ params })).body).toMatchObject({
          article: { favorited: true, favoritesCount: 1 },
        })
      expect((await jake('/articles/:slug').get({ params })).body).toMatchObject({
        article: { favorited: false, favoritesCount: 1 },
      })
      expect((await ann('/articles/:slug/favorite').delete({ params })).body).toMatchObject({
        article: { favorited: false, favoritesCount: 0 },
      })
    })
  })

  test('comments are written, read and removed', async () => {
    const jake = await register('jake')
    const ann = await register('ann')
    await jake('/articles').post({ body: { article } })
    const params = { slug: 'how-to-train-your-dragon' }
    const written = await ann('/articles/:slug/comments').post({ params, body: { comment: { body: 'Thank you' } } })
    expect(written).toMatchObject({
      status: 201,
      body: { comment: { body: 'Thank you', author: { username: 'ann' } } },
    })
    if (written.status !== 201) throw new Error('not written')
    const { id } = written.body.comment
    expect((await guest('/articles/:slug/comments').get({ params })).body).toMatchObject({
      comments: [{ id, body: 'Thank you' }],
    })
    expect((await jake('/articles/:slug/comments/:id').delete({ params: { ...params, id } })).status).toBe(403)
    expect((await ann('/articles/:slug/comments/:id').delete({ params: { ...params, id: id + 1 } })).status).toBe(404)
    expect((await ann('/articles/:slug/comments/:id').delete({ params: { ...params, id } })).status).toBe(204)
    expect((await guest('/articles/:slug/comments').get({ params })).body).toEqual({ comments: [] })
    expect((await ann('/articles/:slug/comments').post({ params, body: { comment: { body: '' } } })).status).toBe(422)
  })

  test('whatever is refused has one format', async () => {
    const all: [string, string, number, object][] = [
      ['GET', '/api/none', 404, { errors: { body: ['Not Found'] } }],
      ['PATCH', '/api/tags', 405, { errors: { body: ['Method Not Allowed'] } }],
      ['POST', '/api/users', 400, { errors: { body: ['The request has no content'] } }],
    ]
    for (const [method, path, status, body] of all) {
      const reply = await inject(made.app, path, { method })
      expect([reply.status, await reply.json()]).toEqual([status, body])
    }
  })

  test('its description is valid, and names what asks for a token', async () => {
    const reply = await inject(made.app, '/openapi.json')
    const document = (await reply.json()) as { paths: Record<string, Record<string, { security?: unknown }>> }
    expect((await new Validator().validate(document)).valid).toBe(true)
    expect(Object.keys(document.paths)).toHaveLength(12)
    expect(document.paths['/user']!['get']!.security).toEqual([{ token: [] }])
    expect(document.paths['/tags']!['get']!.security).toBeUndefined()
  })

  test('what comes at the same time is kept: names once, slugs of their own, likes counted', async () => {
    const registered = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        guest('/users').post({
          body: { user: { username: 'jake', email: `${i}@example.com`, password: 'longenough' } },
        }),
      ),
    )
    expect(registered.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(registered.filter(({ status }) => status === 422)).toHaveLength(4)
    const people = await Promise.all(['ann', 'ben', 'cleo'].map(register))
    const written = await Promise.all(people.map((one) => one('/articles').post({ body: { article } })))
    const slugs = written.map((reply) => (reply.status === 201 ? reply.body.article.slug : reply.status))
    expect(new Set(slugs).size).toBe(3)
    const params = { slug: 'how-to-train-your-dragon' }
    await Promise.all(people.map((one) => one('/articles/:slug/favorite').post({ params })))
    expect((await guest('/articles/:slug').get({ params })).body).toMatchObject({
      article: { favoritesCount: 3, tagList: ['dragons', 'training'] },
    })
  })
}
