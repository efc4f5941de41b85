/** An element that the page is known to contain. */
export function byId(id: string): HTMLElement {
  return document.getElementById(id)!
}

/** Changes the text of an element, if it differs. */
export function say(id: string, text: string): void {
  const element = byId(id)
  if (element.textContent !== text) element.textContent = text
}
