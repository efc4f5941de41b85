// The schemas of the RealWorld specification.
import { z } from 'zod'

/** What clients see, by the RealWorld specification. */
export const User = z.object({
  username: z.string(),
  email: z.string(),
  token: z.string(),
  bio: z.string().nullable(),
  image: z.string().nullable(),
})
export const Profile = z.object({
  username: z.string(),
  bio: z.string().nullable(),
  image: z.string().nullable(),
  following: z.boolean(),
})
/** In lists without `body`. */
export const Listed = z.object({
  slug: z.string(),
  title: z.string(),
  description: z.string(),
  tagList: z.array(z.string()),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  favorited: z.boolean(),
  favoritesCount: z.int(),
  author: Profile,
})
export const Article = Listed.extend({ body: z.string() })
export const Comment = z.object({
  id: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  body: z.string(),
  author: Profile,
})

/** What clients send. */
const filled = z.string().trim().min(1, 'can’t be blank')
export const Registration = z.object({
  username: filled.max(50),
  email: z.email('is invalid'),
  password: z.string().min(8, 'is too short (minimum is 8 characters)').max(200),
})
export const Login = z.object({ email: filled, password: z.string().min(1, 'can’t be blank') })
export const UserChange = z.object({
  ...Registration.partial().shape,
  bio: z.string().max(2000).nullable().optional(),
  image: z
    .union([z.url(), z.literal('')])
    .nullable()
    .optional(),
})
const Written = z.object({
  title: filled.max(200),
  description: filled.max(500),
  body: filled.max(100_000),
  tagList: z.array(filled.max(50)).max(20),
})
export const NewArticle = Written.partial({ tagList: true })
export const ArticleChange = Written.partial()
export const NewComment = z.object({ body: filled.max(10_000) })
const Page = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  offset: z.coerce.number().int().min(0).default(0),
})
export const Filter = Page.extend({
  tag: z.string().optional(),
  author: z.string().optional(),
  favorited: z.string().optional(),
})
export { Page }
