/** The metrics of one worker of a cluster. */
interface WorkerText {
  /** Its number, from 1. */
  readonly worker: number
  /** Families in OpenMetrics format, without the end marker. */
  readonly value: string
}

/**
 * The metrics of all workers as one text: each family once (OpenMetrics 1.0.0 §4.2), its series distinguished by the label `worker`. They
 * are not added up: a replaced worker starts from 0 again, which readers recognize in a series but not in a sum.
 */
export function joinWorkers(texts: readonly WorkerText[]): string {
  const families = new Map<string, string>()
  for (const { worker, value } of texts)
    for (const family of value.split(/^(?=# TYPE )/m)) {
      const [head = ''] = /^(?:#.*\n)*/.exec(family)!
      const series = family.slice(head.length).replaceAll(/^(\w+)(\{?)/gm, (_, name: string, brace: string) => {
        return `${name}{worker="${worker}"${brace === '' ? '}' : ','}`
      })
      families.set(head, (families.get(head) ?? '') + series)
    }
  return [...families].map(([head, series]) => head + series).join('')
}
