import { z } from 'zod'
import type { Selection } from './settings.ts'

const Item = z.object({
  id: z.int(),
  name: z.string(),
  category: z.string(),
  price: z.number(),
  quantity: z.int(),
  active: z.boolean(),
  tags: z.array(z.string()),
  rating: z.object({ score: z.int(), count: z.int() }),
  total: z.number(),
})

/** What `/typed/:count` returns, for servers that serialize responses by a schema. */
export const selectionSchema: z.ZodType<Selection> = z.object({ items: z.array(Item), count: z.int() })
