import { type Rules, type Settled, callback, flag, list, optional, text } from '@spillway/core/options'
import type { ScriptOptions } from './script-options.ts'

export const scriptRules: Rules<Settled<ScriptOptions, 'authorization' | 'passOn'>> = {
  documentRoot: optional(text('', /./)),
  authority: optional(text('', /./)),
  user: callback(),
  authorization: flag(),
  passOn: list(text()),
  redirect: callback(),
  onStderr: callback(),
}
