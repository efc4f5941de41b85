// Articles in the database.
import type { z } from 'zod'
import { type Database, TakenError, type Value, one } from './database/database.ts'
import type { Article, ArticleChange, Comment, Filter, NewArticle } from './schemas.ts'
import type { UserRow } from './users.ts'

/** An article as it is stored. */
export interface ArticleRow {
  readonly id: number
  readonly slug: string
  readonly title: string
  readonly description: string
  readonly body: string
  readonly author: number
  readonly created: string
  readonly updated: string
}

/** An author, as a reader sees them. */
interface AuthorColumns {
  readonly username: string
  readonly bio: string | null
  readonly image: string | null
  /** True or false from PostgreSQL, 1 or 0 from SQLite, as all boolean columns. */
  readonly following: boolean | number
}

interface ShownRow extends ArticleRow, AuthorColumns {
  readonly favorites: number
  readonly favorited: boolean | number
}

interface CommentRow extends AuthorColumns {
  readonly id: number
  readonly body: string
  readonly author: number
  readonly created: string
}

type Shown = z.infer<typeof Article>
type Condition = readonly [sql: string, value: Value]

/** The author of a row, for a reader: the first value. */
const author = `users.username, users.bio, users.image,
  EXISTS (SELECT 1 FROM follows WHERE followed = users.id AND follower = ?) AS following`
/** All that is shown of articles, but for their tags, for a reader: the first two values. */
const shown = `SELECT articles.*, ${author},
  EXISTS (SELECT 1 FROM favorites WHERE article = articles.id AND "user" = ?) AS favorited,
  (SELECT CAST(count(*) AS INTEGER) FROM favorites WHERE article = articles.id) AS favorites
  FROM articles JOIN users ON users.id = articles.author`

/** How often another slug is tried when one has just been taken. */
const attempts = 5

export class Articles {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  bySlug(slug: string): Promise<ArticleRow | undefined> {
    return one(this.#database, 'SELECT * FROM articles WHERE slug = ?', slug)
  }

  add(writer: UserRow, { title, description, body, tagList = [] }: z.infer<typeof NewArticle>): Promise<ArticleRow> {
    const now = new Date().toISOString()
    const sql = `INSERT INTO articles (slug, title, description, body, author, created, updated)
      VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *`
    return this.#withSlug(title, async (database, slug) => {
      const article = (await one<ArticleRow>(database, sql, slug, title, description, body, writer.id, now, now))!
      await tag(database, article.id, tagList)
      return article
    })
  }

  change(article: ArticleRow, { tagList, ...change }: z.infer<typeof ArticleChange>): Promise<ArticleRow> {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const { title, description, body } = { ...article, ...given }
    const sql = `UPDATE articles SET slug = ?, title = ?, description = ?, body = ?, updated = ? WHERE id = ? RETURNING *`
    const write = async (database: Database, slug: string): Promise<ArticleRow> => {
      if (tagList) await tag(database, article.id, tagList)
      const now = new Date().toISOString()
      return (await one<ArticleRow>(database, sql, slug, title, description, body, now, article.id))!
    }
    if (title === article.title) return this.#database.transaction((database) => write(database, article.slug))
    return this.#withSlug(title, write)
  }

  async remove({ id }: ArticleRow): Promise<void> {
    await this.#database.all('DELETE FROM articles WHERE id = ?', id)
  }

  /** The newest first, with the number of all that match. */
  list(
    { tag: tagged, author: writer, favorited, limit, offset }: z.infer<typeof Filter>,
    reader: UserRow | undefined,
  ): Promise<{ articles: Shown[]; count: number }> {
    const conditions: Condition[] = []
    if (tagged !== undefined) conditions.push(['articles.id IN (SELECT article FROM tags WHERE tag = ?)', tagged])
    if (writer !== undefined) conditions.push(['articles.author = (SELECT id FROM users WHERE username = ?)', writer])
    if (favorited !== undefined)
      conditions.push([
        `articles.id IN
          (SELECT article FROM favorites JOIN users ON users.id = favorites."user" WHERE username = ?)`,
        favorited,
      ])
    return this.#page(conditions, limit, offset, reader)
  }

  /** Articles by authors whom a user follows. */
  feed(reader: UserRow, limit: number, offset: number): Promise<{ articles: Shown[]; count: number }> {
    const followed = 'articles.author IN (SELECT followed FROM follows WHERE follower = ?)'
    return this.#page([[followed, reader.id]], limit, offset, reader)
  }

  async favor(reader: UserRow, { id }: ArticleRow, wanted: boolean): Promise<void> {
    const sql = wanted
      ? 'INSERT INTO favorites ("user", article) VALUES (?, ?) ON CONFLICT DO NOTHING'
      : 'DELETE FROM favorites WHERE "user" = ? AND article = ?'
    await this.#database.all(sql, reader.id, id)
  }

  /** An article as a reader sees it. */
  async shown({ id }: ArticleRow, reader: UserRow | undefined): Promise<Shown> {
    const who = reader?.id ?? 0
    const rows = await this.#database.all<ShownRow>(`${shown} WHERE articles.id = ?`, who, who, id)
    return (await this.#withTags(rows))[0]!
  }

  async tags(): Promise<string[]> {
    const sql = 'SELECT tag FROM tags GROUP BY tag ORDER BY count(*) DESC, tag LIMIT 100'
    return (await this.#database.all<{ tag: string }>(sql)).map(({ tag: name }) => name)
  }

  async comments({ id }: ArticleRow, reader: UserRow | undefined): Promise<z.infer<typeof Comment>[]> {
    return (await this.#comments('article', id, reader)).map(shownComment)
  }

  async comment({ id }: ArticleRow, writer: UserRow, body: string): Promise<z.infer<typeof Comment>> {
    const sql = 'INSERT INTO comments (article, author, body, created) VALUES (?, ?, ?, ?) RETURNING id'
    const now = new Date().toISOString()
    const added = (await one<{ id: number }>(this.#database, sql, id, writer.id, body, now))!
    return shownComment((await this.#comments('id', added.id, writer))[0]!)
  }

  /** The author of a comment; undefined when the article has no such comment. */
  async authorOf(article: ArticleRow, comment: number): Promise<number | undefined> {
    const sql = 'SELECT author FROM comments WHERE id = ? AND article = ?'
    return (await one<{ author: number }>(this.#database, sql, comment, article.id))?.author
  }

  async removeComment(comment: number): Promise<void> {
    await this.#database.all('DELETE FROM comments WHERE id = ?', comment)
  }

  #comments(column: 'id' | 'article', value: number, reader: UserRow | undefined): Promise<CommentRow[]> {
    const sql = `SELECT comments.*, ${author} FROM comments JOIN users ON users.id = comments.author
      WHERE comments.${column} = ? ORDER BY comments.id`
    return this.#database.all(sql, reader?.id ?? 0, value)
  }

  async #page(
    conditions: readonly Condition[],
    limit: number,
    offset: number,
    reader: UserRow | undefined,
  ): Promise<{ articles: Shown[]; count: number }> {
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`
    const values = conditions.map(([, value]) => value)
    const who = reader?.id ?? 0
    const sql = `${shown} ${where} ORDER BY articles.id DESC LIMIT ? OFFSET ?`
    const rows = await this.#database.all<ShownRow>(sql, who, who, ...values, limit, offset)
    const counted = `SELECT CAST(count(*) AS INTEGER) AS count FROM articles ${where}`
    const { count } = (await one<{ count: number }>(this.#database, counted, ...values))!
    return { articles: await this.#withTags(rows), count }
  }

  /** Reads the tags of all articles with one statement. */
  async #withTags(rows: readonly ShownRow[]): Promise<Shown[]> {
    if (rows.length === 0) return []
    const sql = `SELECT article, tag FROM tags WHERE article IN (${rows.map(() => '?').join(', ')})`
    const all = await this.#database.all<{ article: number; tag: string }>(sql, ...rows.map(({ id }) => id))
    return rows.map((row) => ({
      slug: row.slug,
      title: row.title,
      description: row.description,
      body: row.body,
      // Sorted here, because databases sort text in different orders.
      tagList: all.flatMap(({ article, tag: name }) => (article === row.id ? [name] : [])).toSorted(),
      createdAt: row.created,
      updatedAt: row.updated,
      favorited: Boolean(row.favorited),
      favoritesCount: row.favorites,
      author: shownAuthor(row),
    }))
  }

  /** Writes an article under a free slug. Another request may take it between the check and the write. */
  async #withSlug(
    title: string,
    write: (database: Database, slug: string) => Promise<ArticleRow>,
  ): Promise<ArticleRow> {
    for (let i = 1; ; i++) {
      try {
        const slug = await this.#freeSlug(title)
        return await this.#database.transaction((database) => write(database, slug))
      } catch (error) {
        if (!(error instanceof TakenError) || i === attempts) throw error
      }
    }
  }

  async #freeSlug(title: string): Promise<string> {
    const words = title
      .normalize('NFKD')
      .toLowerCase()
      .replaceAll(/\p{M}/gu, '')
      .match(/[\p{L}\p{N}]+/gu)
    const slug = words?.join('-') ?? 'article'
    let free = slug
    for (let i = 2; await this.bySlug(free); i++) free = `${slug}-${i}`
    return free
  }
}

async function tag(database: Database, article: number, tags: readonly string[]): Promise<void> {
  await database.all('DELETE FROM tags WHERE article = ?', article)
  const sql = 'INSERT INTO tags (article, tag) VALUES (?, ?)'
  for (const name of new Set(tags)) await database.all(sql, article, name)
}

function shownAuthor({ username, bio, image, following }: AuthorColumns): Shown['author'] {
  return { username, bio, image, following: Boolean(following) }
}

function shownComment(row: CommentRow): z.infer<typeof Comment> {
  const { id, body, created } = row
  return { id, body, createdAt: created, updatedAt: created, author: shownAuthor(row) }
}
