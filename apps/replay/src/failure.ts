import { Failure } from '@spillway/command-line'

/** A file that is not what it claims to be. */
export class FormatError extends Failure {
  override readonly name: string = 'FormatError'
}
