// The options of a cluster and their defaults.
import { availableParallelism } from 'node:os'
import { type RestartPolicy, defaultRestart } from './backoff.ts'
import type { ClusterOptions } from './options.ts'
import {
  type Rule,
  type Rules,
  type Settled,
  amount,
  callback,
  choice,
  either,
  list,
  section,
  text,
  whole,
} from '../exchange/read-options.ts'
import { closeRules } from '../server/rules.ts'

export type ClusterSettings = Settled<
  Omit<ClusterOptions, 'onCrash' | 'restart'>,
  Exclude<keyof ClusterOptions, 'onCrash' | 'restart'>
> & {
  readonly restart: RestartPolicy
} & Pick<ClusterOptions, 'onCrash'>

export const clusterRules: Rules<ClusterSettings> = {
  ...closeRules,
  workers: whole(availableParallelism(), { from: 1, to: 65_536 }),
  startDeadline: amount(30_000),
  restart: section({
    minDelay: amount(defaultRestart.minDelay),
    maxDelay: amount(defaultRestart.maxDelay),
    stableAfter: amount(defaultRestart.stableAfter),
    attempts: whole(defaultRestart.attempts, { from: 1 }),
  } satisfies Rules<RestartPolicy>),
  balance: choice(['round-robin', 'kernel'], 'round-robin'),
  signals: list(text() as Rule<NodeJS.Signals>, ['SIGTERM', 'SIGINT']),
  reloadSignal: either(text('SIGHUP') as Rule<NodeJS.Signals>, choice([null], null)),
  onCrash: callback<NonNullable<ClusterOptions['onCrash']>>(),
}
