import { type Rules, type Settled, callback, flag, optional, text } from '@spillway/core/options'
import type { ScriptOptions } from './script-options.ts'

export const scriptRules: Rules<Settled<ScriptOptions, 'authorization'>> = {
  documentRoot: optional(text('', /./)),
  authority: optional(text('', /./)),
  user: callback(),
  authorization: flag(),
  redirect: callback(),
  onStderr: callback(),
}
