import { refusal } from '../http/refusal.ts'
import { named } from '../layers/layer-trace.ts'
import { whenSettled } from '../layers/maybe-promise.ts'
import type { Schemas } from '../layers/route-notes.ts'
import type { AnyMiddleware } from '../layers/types.ts'
import { type Reading, inspect } from './inspect.ts'
import { checked } from './schema.ts'

/**
 * Puts the schemas' results for a request into `c.state.valid`, in addition to what is there, or refuses the request.
 * @throws TypeError when one of them is not a schema.
 */
export function validation({ params, query, headers, cookies, body }: Schemas, how: Reading): AnyMiddleware {
  const schemas = checked({ params, query, headers, cookies, body })
  return named('validate', (c, next) =>
    whenSettled(
      () => inspect(c, schemas, how),
      (valid) => {
        const state = c.state as { valid?: object }
        state.valid = state.valid ? { ...state.valid, ...valid } : valid
        return next()
      },
      refusal,
    ),
  )
}
