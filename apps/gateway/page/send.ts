// The dashboard's buttons: what they send, and what went wrong.
import { byId } from './dom.ts'

let hiding: ReturnType<typeof setTimeout> | undefined

/** Shows a notice at the top; good news disappears by itself. */
export function showNotice(text: string, tone: 'good' | 'bad'): void {
  const notice = byId('notice')
  clearTimeout(hiding)
  notice.textContent = text
  notice.className = tone
  notice.hidden = false
  if (tone === 'good') hiding = setTimeout(() => (notice.hidden = true), 4000)
}

/** Sends a POST for a button, and shows any error. Resolves with whether it succeeded. */
export async function send(path: string, button: HTMLButtonElement): Promise<boolean> {
  button.disabled = true
  try {
    const response = await fetch(path, { method: 'POST' })
    if (response.ok) return true
    const text = await response.text()
    showNotice(
      response.status === 422 ? `Nothing was changed. ${(JSON.parse(text) as { error: string }).error}` : text,
      'bad',
    )
  } catch {
    showNotice('The gateway does not answer.', 'bad')
  } finally {
    button.disabled = false
  }
  return false
}
