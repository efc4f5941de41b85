import type { StaticOptions } from '@spillway/middleware/static'

export const options: Readonly<Record<'site' | 'listing' | 'application', StaticOptions>>
