import type { Second } from '../src/model.ts'
import { byId, say } from './dom.ts'

const [width, height, top] = [590, 130, 10]

/** Draws requests per second as an area, and failed ones as bars from the baseline. */
export function drawChart(seconds: readonly Second[]): void {
  const peak = Math.max(...seconds.map(({ requests }) => requests))
  const scale = (height - top) / Math.max(peak, 5)
  const step = width / (seconds.length - 1)
  const points = seconds.map(({ requests }, i) => `${(i * step).toFixed(1)} ${(height - requests * scale).toFixed(1)}`)
  const bars = seconds.flatMap(({ failed, aborted }, i) => {
    const tall = Math.max(3, (failed + aborted) * scale)
    return failed + aborted === 0
      ? []
      : [`M${(i * step - 3).toFixed(1)} ${height}v${(-tall).toFixed(1)}h6v${tall.toFixed(1)}z`]
  })
  path('area', `M0 ${height}L${points.join('L')}L${width} ${height}z`)
  path('line', `M${points.join('L')}`)
  path('failed', bars.join(''))
  say('peak', `most: ${peak} in a second`)
}

function path(name: string, d: string): void {
  const chart = byId('chart')
  let element = chart.querySelector(`.${name}`)
  if (!element) {
    element = document.createElementNS('http://www.w3.org/2000/svg', 'path')
    element.setAttribute('class', name)
    chart.append(element)
  }
  element.setAttribute('d', d)
}
