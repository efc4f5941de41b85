/** An element of the page that is there. */
export function byId(id: string): HTMLElement {
  return document.getElementById(id)!
}

/** Changes the text of an element, if it is another. */
export function say(id: string, text: string): void {
  const element = byId(id)
  if (element.textContent !== text) element.textContent = text
}
