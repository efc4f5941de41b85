/** What one worker of a cluster shows. */
interface WorkerText {
  /** Its place, from 1. */
  readonly worker: number
  /** Families in OpenMetrics, without the end. */
  readonly value: string
}

/**
 * The numbers of all workers as one text: each family once (OpenMetrics 1.0.0 §4.2), its series told apart by the label `worker`. They
 * are not added up: a worker that was replaced begins with 0 again, which whoever reads them knows of a series, and not of a sum.
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
