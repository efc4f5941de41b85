/** One run of the load generator against one server. */
export interface Round {
  readonly requestsPerSecond: number
  /** Microseconds of processor time of the server's processes. */
  readonly cpuPerRequest: number
  /** Microseconds of processor time of all that take part: the server's processes, its upstream servers, and the clients. */
  readonly machinePerRequest: number
  /** Latencies in microseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** Resident bytes at the end. */
  readonly resident: number
  readonly errors: number
}

/** One server under one workload. */
export interface Result {
  readonly workload: string
  readonly server: string
  readonly rounds: readonly Round[]
  /** The median of each number separately; errors are summed. */
  readonly median: Round
  /** Range of the server's processor time over the rounds, as a share of the median; NaN for a single round. */
  readonly spread: number
}

/** How many times better than the base: above 1 means more requests, or less processor time. */
export interface Ratios {
  readonly requestsPerSecond: number
  readonly cpuPerRequest: number
  readonly machinePerRequest: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low = NaN, high = NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return (low + high) / 2
}

export function summarize(workload: string, server: string, rounds: readonly Round[]): Result {
  const costs = rounds.map(({ cpuPerRequest }) => cpuPerRequest)
  const of = (key: keyof Round): number => median(rounds.map((round) => round[key]))
  return {
    workload,
    server,
    rounds,
    median: {
      requestsPerSecond: of('requestsPerSecond'),
      cpuPerRequest: of('cpuPerRequest'),
      machinePerRequest: of('machinePerRequest'),
      p50: of('p50'),
      p99: of('p99'),
      p999: of('p999'),
      resident: of('resident'),
      errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
    },
    spread: rounds.length < 2 ? NaN : (Math.max(...costs) - Math.min(...costs)) / median(costs),
  }
}

/** Undefined when the base did not run this workload. */
export function ratios(result: Result, base: Result | undefined): Ratios | undefined {
  if (!base) return undefined
  return {
    requestsPerSecond: result.median.requestsPerSecond / base.median.requestsPerSecond,
    cpuPerRequest: base.median.cpuPerRequest / result.median.cpuPerRequest,
    machinePerRequest: base.median.machinePerRequest / result.median.machinePerRequest,
  }
}
