import { findTool } from './programs.js'

export const chromium = findTool('chromium')

const flags =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

export async function launchChromium(...more) {
  const playwright = await import('playwright-core')
  return playwright.chromium.launch({ executablePath: chromium.path, args: [...flags.split(' '), ...more] })
}
