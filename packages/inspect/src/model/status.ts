import { reasonPhrase } from '@spillway/parser/serialize'

/** `404 Not Found` */
export function statusText(status: number): string {
  return `${status} ${reasonPhrase(status)}`.trim()
}
