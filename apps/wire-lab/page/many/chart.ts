import { errands } from '../../src/model/many.ts'
import type { Measured } from './measured.ts'

/** Milliseconds at the bottom and at the top; between them each line is ten times the one below. */
const [bottom, top] = [0.1, 2_000]
const lines = [0.1, 1, 10, 100, 1000]
const [left, below, above] = [46, 22, 10]

/** Draws every response as a dot: when it arrived, and how long it took, on a logarithmic scale. */
export function drawChart(canvas: HTMLCanvasElement, { samples, seconds }: Measured): void {
  const scale = devicePixelRatio
  const { clientWidth: width, clientHeight: height } = canvas
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)]
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h })
  const g = canvas.getContext('2d')
  if (!g) return
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  const x = (at: number): number => left + (at / (seconds * 1000)) * (width - left - 8)
  const y = (ms: number): number =>
    height - below - (Math.log10(Math.max(bottom, ms) / bottom) / Math.log10(top / bottom)) * (height - below - above)
  g.setTransform(scale, 0, 0, scale, 0, 0)
  g.clearRect(0, 0, width, height)
  g.font = '11px system-ui, sans-serif'
  g.textBaseline = 'middle'
  for (const ms of lines) {
    g.fillStyle = colour('line')
    g.fillRect(left, Math.round(y(ms)), width - left, 1)
    g.fillStyle = colour('muted')
    g.textAlign = 'right'
    g.fillText(ms < 1000 ? `${ms} ms` : `${ms / 1000} s`, left - 6, y(ms))
  }
  g.textBaseline = 'alphabetic'
  for (let s = 0; s <= seconds; s++) {
    g.textAlign = s === 0 ? 'left' : s === seconds ? 'right' : 'center'
    g.fillText(`${s} s`, x(s * 1000) + (s === seconds ? 8 : 0), height - 5)
  }
  g.globalAlpha = 0.6
  for (const [i, name] of errands.entries()) {
    g.fillStyle = colour(`e-${name}`)
    for (const [at, errand, ms] of samples) {
      // A request that began within the time may have ended after it.
      if (errand !== i || at > seconds * 1000) continue
      g.beginPath()
      g.arc(x(at), y(ms), 1.9, 0, Math.PI * 2)
      g.fill()
    }
  }
  g.globalAlpha = 1
}
