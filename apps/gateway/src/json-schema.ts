import { toJsonSchema } from '@valibot/to-json-schema'
import { schema } from './schema.ts'

/** The JSON Schema of configurations, for editors: every option with its purpose and default. */
export function jsonSchema(): object {
  const described = toJsonSchema(schema, {
    typeMode: 'input',
    errorMode: 'ignore',
    overrideAction: ({ valibotAction, jsonSchema: before }) => {
      const { type, metadata } = valibotAction as { type: string; metadata?: Record<string, unknown> }
      return type === 'metadata' ? { ...before, ...metadata } : undefined
    },
  })
  return { title: 'Configuration of the gateway', ...described }
}
