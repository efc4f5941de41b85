// The application as a handler.
import type { Router } from '@spillway/middleware/router'
import { cors } from '@spillway/middleware/cors'
import { health } from '@spillway/middleware/health'
import { apiPage, openApi } from '@spillway/middleware/openapi'
import { type Problem, ProblemError, problems } from '@spillway/middleware/problem'
import { router } from '@spillway/middleware/router'
import type { ValidationIssue } from '@spillway/middleware/validate'
import { z } from 'zod'
import { type ArticleRow, Articles } from './articles.ts'
import { Tokens, secured } from './auth.ts'
import { openDatabase } from './database/database.ts'
import {
  Article,
  ArticleChange,
  Comment,
  Filter,
  Listed,
  Login,
  NewArticle,
  NewComment,
  Page,
  Profile,
  Registration,
  User,
  UserChange,
} from './schemas.ts'
import { type UserRow, Users } from './users.ts'

/** The settings of the application. */
export interface Settings {
  /** A file of SQLite, `:memory:`, or `postgres://…`. */
  readonly database: string
  /** Signs tokens; 32 characters or more. */
  readonly secret: string
}

const One = {
  user: z.object({ user: User }),
  profile: z.object({ profile: Profile }),
  article: z.object({ article: Article }),
}
const Many = z.object({ articles: z.array(Listed), articlesCount: z.int() })

// oxlint-disable-next-line typescript/explicit-module-boundary-types -- its routes are its type
export async function conduit({ database: where, secret }: Settings) {
  const database = await openDatabase(where)
  const users = new Users(database)
  const articles = new Articles(database)
  const tokens = new Tokens(secret, users)
  const signedIn = [secured, tokens.user] as const

  const shown = async ({ username, email, bio, image, ...user }: UserRow): Promise<z.infer<typeof One.user>> => ({
    user: { username, email, bio, image, token: await tokens.for({ username, email, bio, image, ...user }) },
  })
  const userNamed = async (name: string): Promise<UserRow> => (await users.byName(name)) ?? missing('profile')
  const articleAt = async (slug: string): Promise<ArticleRow> => (await articles.bySlug(slug)) ?? missing('article')

  const api = router()
    .use(problems({ reply: conduitError }), cors({ origins: '*' }), tokens.reader)

    .post(
      '/users',
      { summary: 'Registers a user', body: z.object({ user: Registration }), gives: { 201: One.user } },
      async (c, give) => give(201, await shown(await users.add(c.state.valid.body.user))),
    )
    .post('/users/login', { body: z.object({ user: Login }), gives: { 200: One.user } }, async (c, give) => {
      const { email, password } = c.state.valid.body.user
      const user = await users.withPassword(email, password)
      if (!user) throw invalid(401, 'credentials', 'invalid')
      return give(200, await shown(user))
    })
    .get('/user', { layers: signedIn, gives: { 200: One.user } }, async (c, give) =>
      give(200, await shown(c.state.user)),
    )
    .put(
      '/user',
      { layers: signedIn, body: z.object({ user: UserChange }), gives: { 200: One.user } },
      async (c, give) => give(200, await shown(await users.change(c.state.user, c.state.valid.body.user))),
    )

    .get('/profiles/:username', { gives: { 200: One.profile } }, async (c, give) =>
      give(200, { profile: await users.profile(await userNamed(c.params.username), c.state.reader) }),
    )
    .post('/profiles/:username/follow', { layers: signedIn, gives: { 200: One.profile } }, async (c, give) => {
      const followed = await userNamed(c.params.username)
      await users.follow(c.state.user, followed, true)
      return give(200, { profile: await users.profile(followed, c.state.user) })
    })
    .delete('/profiles/:username/follow', { layers: signedIn, gives: { 200: One.profile } }, async (c, give) => {
      const followed = await userNamed(c.params.username)
      await users.follow(c.state.user, followed, false)
      return give(200, { profile: await users.profile(followed, c.state.user) })
    })

    .get('/articles', { query: Filter, gives: { 200: Many } }, async (c, give) =>
      give(200, listOf(await articles.list(c.state.valid.query, c.state.reader))),
    )
    .get('/articles/feed', { layers: signedIn, query: Page, gives: { 200: Many } }, async (c, give) => {
      const { limit, offset } = c.state.valid.query
      return give(200, listOf(await articles.feed(c.state.user, limit, offset)))
    })
    .post(
      '/articles',
      { layers: signedIn, body: z.object({ article: NewArticle }), gives: { 201: One.article } },
      async (c, give) => {
        const article = await articles.add(c.state.user, c.state.valid.body.article)
        return give(201, { article: await articles.shown(article, c.state.user) })
      },
    )
    .get('/articles/:slug', { gives: { 200: One.article } }, async (c, give) =>
      give(200, { article: await articles.shown(await articleAt(c.params.slug), c.state.reader) }),
    )
    .put(
      '/articles/:slug',
      { layers: signedIn, body: z.object({ article: ArticleChange }), gives: { 200: One.article } },
      async (c, give) => {
        const article = own(c.state.user, await articleAt(c.params.slug))
        const changed = await articles.change(article, c.state.valid.body.article)
        return give(200, { article: await articles.shown(changed, c.state.user) })
      },
    )
    .delete('/articles/:slug', { layers: signedIn, gives: { 204: null } }, async (c, give) => {
      await articles.remove(own(c.state.user, await articleAt(c.params.slug)))
      return give(204)
    })
    .post('/articles/:slug/favorite', { layers: signedIn, gives: { 200: One.article } }, async (c, give) => {
      const article = await articleAt(c.params.slug)
      await articles.favor(c.state.user, article, true)
      return give(200, { article: await articles.shown(article, c.state.user) })
    })
    .delete('/articles/:slug/favorite', { layers: signedIn, gives: { 200: One.article } }, async (c, give) => {
      const article = await articleAt(c.params.slug)
      await articles.favor(c.state.user, article, false)
      return give(200, { article: await articles.shown(article, c.state.user) })
    })

    .get('/articles/:slug/comments', { gives: { 200: z.object({ comments: z.array(Comment) }) } }, async (c, give) =>
      give(200, { comments: await articles.comments(await articleAt(c.params.slug), c.state.reader) }),
    )
    .post(
      '/articles/:slug/comments',
      { layers: signedIn, body: z.object({ comment: NewComment }), gives: { 201: z.object({ comment: Comment }) } },
      async (c, give) => {
        const article = await articleAt(c.params.slug)
        return give(201, { comment: await articles.comment(article, c.state.user, c.state.valid.body.comment.body) })
      },
    )
    .delete(
      '/articles/:slug/comments/:id',
      { layers: signedIn, params: z.object({ slug: z.string(), id: z.coerce.number().int() }), gives: { 204: null } },
      async (c, give) => {
        const { slug, id } = c.state.valid.params
        const author = await articles.authorOf(await articleAt(slug), id)
        if (author === undefined) missing('comment')
        if (author !== c.state.user.id) throw forbidden('comment')
        await articles.removeComment(id)
        return give(204)
      },
    )
    .get('/tags', { gives: { 200: z.object({ tags: z.array(z.string()) }) } }, async (_, give) =>
      give(200, { tags: await articles.tags() }),
    )

  const document = openApi(api, { info: { title: 'Conduit', version: '1.0.0' }, servers: [{ url: '/api' }] })
  const app: Router = router()
    .mount('/api', api)
    .get('/openapi.json', (c) => c.json(document))
    .get('/docs', apiPage('/openapi.json'))
    // Whoever follows what the program prints, without the path.
    .get('/', (c) => c.redirect('/docs'))
    .get('/live', health())
  return { app, api, close: () => database.close() }
}

/** For clients: `client<Api>('https://…/api')`. */
export type Api = Awaited<ReturnType<typeof conduit>>['api']

/** In lists, articles are without their text. */
function listOf({ articles: found, count }: Awaited<ReturnType<Articles['list']>>): z.infer<typeof Many> {
  const listed = found.map((article) => {
    const { body: _, ...rest } = article
    return rest
  })
  return { articles: listed, articlesCount: count }
}

/** The error format of the RealWorld specification: messages by what they are about. */
function conduitError({ status, title, detail, errors }: Problem): Response {
  const issues = (errors ?? []) as readonly ValidationIssue[]
  const told: Record<string, string[]> = {}
  for (const issue of issues) (told[issue.pointer.split('/').at(-1) || 'body'] ??= []).push(issue.detail)
  if (issues.length === 0) told['body'] = [detail ?? title]
  return Response.json({ errors: told }, { status })
}

function invalid(status: number, about: string, detail: string): ProblemError {
  return new ProblemError(status, 'CONDUIT_REFUSED', {
    detail,
    errors: [{ in: 'body', pointer: `#/${about}`, detail }],
  })
}

function missing(what: string): never {
  throw invalid(404, what, 'not found')
}

function forbidden(what: string): ProblemError {
  return invalid(403, what, 'forbidden')
}

/** An article that may be changed. @throws ProblemError 403 when it is another's. */
function own(user: UserRow, article: ArticleRow): ArticleRow {
  if (article.author !== user.id) throw forbidden('article')
  return article
}
