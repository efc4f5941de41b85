// What something costs in memory.

const times = 2000

export function allocatedBy(work) {
  const run = () => {
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < times; i++) work()
    return (process.memoryUsage().heapUsed - before) / times
  }
  for (let i = 0; i < 20; i++) run()
  return Array.from({ length: 41 }, run).toSorted((a, b) => a - b)[20]
}
