/** A parameter of a path. */
export interface PathParameter {
  readonly name: string
  /** What it must match; undefined for any segment. */
  readonly pattern: string | undefined
}

/** A path as OpenAPI writes it: `/books/{id}`. */
export interface PathTemplate {
  readonly path: string
  readonly parameters: readonly PathParameter[]
}

/** `**:rest`, `**`, `*`, or `:name` with what may follow it. */
const placeholder = /\*\*(?::(\w+))?|\*|:(\w+)(\((?:\\.|[^)])*\))?([?*+])?/g

/**
 * The paths that a pattern of the router stands for: two when its last segment may be missing, for OpenAPI has no optional
 * parameters in paths.
 */
export function templatesOf(pattern: string): readonly PathTemplate[] {
  const full = template(pattern)
  const last = pattern.lastIndexOf('/')
  return /:\w+(?:\([^/]*\))?[?*]$/.test(pattern.slice(last)) ? [template(pattern.slice(0, last) || '/'), full] : [full]
}

function template(pattern: string): PathTemplate {
  const parameters: PathParameter[] = []
  const path = pattern.replace(placeholder, (_, tail?: string, name?: string, constraint?: string) => {
    const chosen = tail ?? name ?? `rest${parameters.length || ''}`
    const inner = constraint === undefined || constraint === '(.*)' ? undefined : constraint.slice(1, -1)
    parameters.push({ name: chosen, pattern: inner === undefined ? undefined : `^(?:${inner})$` })
    return `{${chosen}}`
  })
  return { path, parameters }
}
