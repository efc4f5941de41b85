/** The element with an id that the page is known to contain. */
export function byId(id: string): HTMLElement {
  return document.getElementById(id)!
}

/** Creates an element. Content is text or other elements, never markup, so nothing that a client sent is ever parsed as such. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...content: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...content)
  return element
}

/** Sets text only if it differs, so that nothing is laid out or read aloud without reason. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** All buttons with a data attribute, each with its value. */
export function dataButtons(name: string): [button: HTMLButtonElement, value: string][] {
  return [...document.querySelectorAll<HTMLButtonElement>(`button[data-${name}]`)].map((button) => [
    button,
    button.dataset[name] ?? '',
  ])
}
