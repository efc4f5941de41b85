import type Database from 'better-sqlite3'
import type { z } from 'zod'
import type { Article, ArticleChange, Comment, Filter, NewArticle } from './schemas.ts'
import type { UserRow, Users } from './users.ts'

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

interface CommentRow {
  readonly id: number
  readonly body: string
  readonly author: number
  readonly created: string
}

type Condition = readonly [sql: string, value: string | number]

export class Articles {
  readonly #database: Database.Database
  readonly #users: Users

  constructor(database: Database.Database, users: Users) {
    this.#database = database
    this.#users = users
  }

  bySlug(slug: string): ArticleRow | undefined {
    return this.#database.prepare<[string], ArticleRow>('SELECT * FROM articles WHERE slug = ?').get(slug)
  }

  add(author: UserRow, { title, description, body, tagList = [] }: z.infer<typeof NewArticle>): ArticleRow {
    const now = new Date().toISOString()
    const sql = `INSERT INTO articles (slug, title, description, body, author, created, updated)
      VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *`
    return this.#database.transaction(() => {
      const values = [this.#freeSlug(title), title, description, body, author.id, now, now]
      const article = this.#database.prepare<unknown[], ArticleRow>(sql).get(...values)!
      this.#tag(article.id, tagList)
      return article
    })()
  }

  change(article: ArticleRow, { tagList, ...change }: z.infer<typeof ArticleChange>): ArticleRow {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const slug =
      change.title === undefined || change.title === article.title ? article.slug : this.#freeSlug(change.title)
    const next = { ...article, ...given, slug, updated: new Date().toISOString() }
    const sql = `UPDATE articles SET slug = @slug, title = @title, description = @description, body = @body, updated = @updated
      WHERE id = @id RETURNING *`
    return this.#database.transaction(() => {
      if (tagList) this.#tag(article.id, tagList)
      return this.#database.prepare<[ArticleRow], ArticleRow>(sql).get(next)!
    })()
  }

  remove({ id }: ArticleRow): void {
    this.#database.prepare('DELETE FROM articles WHERE id = ?').run(id)
  }

  /** The newest first, with the number of all that fit. */
  list({ tag, author, favorited, limit, offset }: z.infer<typeof Filter>): { rows: ArticleRow[]; count: number } {
    const conditions: Condition[] = []
    if (tag !== undefined) conditions.push(['id IN (SELECT article FROM tags WHERE tag = ?)', tag])
    if (author !== undefined) conditions.push(['author = (SELECT id FROM users WHERE username = ?)', author])
    if (favorited !== undefined)
      conditions.push([
        'id IN (SELECT article FROM favorites JOIN users ON users.id = favorites.user WHERE username = ?)',
        favorited,
      ])
    return this.#page(conditions, limit, offset)
  }

  /** Articles of whom somebody follows. */
  feed(reader: UserRow, limit: number, offset: number): { rows: ArticleRow[]; count: number } {
    return this.#page([['author IN (SELECT followed FROM follows WHERE follower = ?)', reader.id]], limit, offset)
  }

  favor(reader: UserRow, { id }: ArticleRow, wanted: boolean): void {
    const sql = wanted
      ? 'INSERT OR IGNORE INTO favorites (user, article) VALUES (?, ?)'
      : 'DELETE FROM favorites WHERE user = ? AND article = ?'
    this.#database.prepare(sql).run(reader.id, id)
  }

  /** An article as a reader sees it. */
  shown(article: ArticleRow, reader: UserRow | undefined): z.infer<typeof Article> {
    const { id, slug, title, description, body, author, created, updated } = article
    const sql = 'SELECT count(*) AS count, total(user = ?) AS own FROM favorites WHERE article = ?'
    const { count, own } = this.#database
      .prepare<number[], { count: number; own: number }>(sql)
      .get(reader?.id ?? 0, id)!
    return {
      slug,
      title,
      description,
      body,
      tagList: this.#tagsOf(id),
      createdAt: created,
      updatedAt: updated,
      favorited: own > 0,
      favoritesCount: count,
      author: this.#users.profile(this.#users.byId(author)!, reader),
    }
  }

  tags(): string[] {
    const sql = 'SELECT tag FROM tags GROUP BY tag ORDER BY count(*) DESC, tag LIMIT 100'
    return this.#database
      .prepare<[], { tag: string }>(sql)
      .all()
      .map(({ tag }) => tag)
  }

  comments({ id }: ArticleRow, reader: UserRow | undefined): z.infer<typeof Comment>[] {
    const sql = 'SELECT * FROM comments WHERE article = ? ORDER BY id'
    return this.#database
      .prepare<[number], CommentRow>(sql)
      .all(id)
      .map((row) => this.#shownComment(row, reader))
  }

  comment({ id }: ArticleRow, author: UserRow, body: string): z.infer<typeof Comment> {
    const sql = 'INSERT INTO comments (article, author, body, created) VALUES (?, ?, ?, ?) RETURNING *'
    const values = [id, author.id, body, new Date().toISOString()]
    return this.#shownComment(this.#database.prepare<unknown[], CommentRow>(sql).get(...values)!, author)
  }

  /** Whose a comment is; undefined when there is none of this article. */
  authorOf(article: ArticleRow, comment: number): number | undefined {
    const sql = 'SELECT author FROM comments WHERE id = ? AND article = ?'
    return this.#database.prepare<number[], { author: number }>(sql).get(comment, article.id)?.author
  }

  removeComment(comment: number): void {
    this.#database.prepare('DELETE FROM comments WHERE id = ?').run(comment)
  }

  #page(conditions: readonly Condition[], limit: number, offset: number): { rows: ArticleRow[]; count: number } {
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`
    const values = conditions.map(([, value]) => value)
    const rows = this.#database
      .prepare<unknown[], ArticleRow>(`SELECT * FROM articles ${where} ORDER BY id DESC LIMIT ? OFFSET ?`)
      .all(...values, limit, offset)
    const { count } = this.#database
      .prepare<unknown[], { count: number }>(`SELECT count(*) AS count FROM articles ${where}`)
      .get(...values)!
    return { rows, count }
  }

  #tag(article: number, tags: readonly string[]): void {
    this.#database.prepare('DELETE FROM tags WHERE article = ?').run(article)
    const add = this.#database.prepare('INSERT INTO tags (article, position, tag) VALUES (?, ?, ?)')
    for (const [position, tag] of [...new Set(tags)].entries()) add.run(article, position, tag)
  }

  #tagsOf(article: number): string[] {
    const sql = 'SELECT tag FROM tags WHERE article = ? ORDER BY position'
    return this.#database
      .prepare<[number], { tag: string }>(sql)
      .all(article)
      .map(({ tag }) => tag)
  }

  #shownComment({ id, body, author, created }: CommentRow, reader: UserRow | undefined): z.infer<typeof Comment> {
    const profile = this.#users.profile(this.#users.byId(author)!, reader)
    return { id, body, createdAt: created, updatedAt: created, author: profile }
  }

  #freeSlug(title: string): string {
    const words = title
      .normalize('NFKD')
      .toLowerCase()
      .replaceAll(/\p{M}/gu, '')
      .match(/[\p{L}\p{N}]+/gu)
    const slug = words?.join('-') ?? 'article'
    let free = slug
    for (let i = 2; this.bySlug(free); i++) free = `${slug}-${i}`
    return free
  }
}
