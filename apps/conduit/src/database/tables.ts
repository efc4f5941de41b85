/**
 * The tables of the application; `author`, `user` and the like are ids of users.
 * @param id how the database says that it numbers rows.
 */
export function tables(id: string): string {
  return `
CREATE TABLE IF NOT EXISTS users (
  id ${id},
  username TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL UNIQUE,
  password TEXT NOT NULL,
  bio TEXT,
  image TEXT
);
CREATE TABLE IF NOT EXISTS follows (
  follower INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  followed INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  PRIMARY KEY (follower, followed)
);
CREATE TABLE IF NOT EXISTS articles (
  id ${id},
  slug TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  body TEXT NOT NULL,
  author INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  created TEXT NOT NULL,
  updated TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS articles_by_author ON articles (author);
CREATE TABLE IF NOT EXISTS tags (
  article INTEGER NOT NULL REFERENCES articles ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (article, tag)
);
CREATE INDEX IF NOT EXISTS tags_by_tag ON tags (tag);
CREATE TABLE IF NOT EXISTS favorites (
  "user" INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  article INTEGER NOT NULL REFERENCES articles ON DELETE CASCADE,
  PRIMARY KEY (article, "user")
);
CREATE TABLE IF NOT EXISTS comments (
  id ${id},
  article INTEGER NOT NULL REFERENCES articles ON DELETE CASCADE,
  author INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  body TEXT NOT NULL,
  created TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS comments_by_article ON comments (article);
`
}
