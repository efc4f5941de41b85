// Who may send a request, as OpenAPI says it.
import { isDeepStrictEqual } from 'node:util'
import type { RouteNote, SecurityScheme } from '../layers/route-notes.ts'

/** What a request has to carry, by the names of schemes: all of one requirement. */
type Requirement = Readonly<Record<string, readonly string[]>>

/** The schemes of a document, each under a name of its own. */
export class SecuritySchemes {
  readonly components: Record<string, SecurityScheme> = {}

  /**
   * What an operation asks for: one of the requirements is enough (OpenAPI 3.1.1 §4.8.10). Where a proof is taken, and not asked for, it
   * is said without it, too. Undefined where nothing is taken.
   */
  requirementsOf(notes: readonly RouteNote[]): readonly Requirement[] | undefined {
    const needed = this.#requirement(notes.map(({ security }) => security))
    const taken = notes.flatMap(({ optionalSecurity }) =>
      optionalSecurity ? [this.#requirement([optionalSecurity])] : [],
    )
    const all = [needed, ...taken.map((one) => ({ ...needed, ...one }))]
    return all.some((one) => Object.keys(one).length > 0) ? all : undefined
  }

  #requirement(schemes: readonly RouteNote['security'][]): Requirement {
    const all = schemes.flatMap((some) => Object.entries(some ?? {}))
    return Object.fromEntries(all.map(([name, scheme]) => [this.#nameOf(name, scheme), []]))
  }

  /** The name that was given, with a number where another scheme has it. */
  #nameOf(wanted: string, scheme: SecurityScheme): string {
    let name = wanted
    const isOther = (): boolean =>
      Object.hasOwn(this.components, name) && !isDeepStrictEqual(this.components[name], scheme)
    for (let i = 2; isOther(); i++) name = `${wanted}${i}`
    this.components[name] = scheme
    return name
  }
}
