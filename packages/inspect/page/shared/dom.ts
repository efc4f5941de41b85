/** The element of an id that the page is known to have. */
export function byId(id: string): HTMLElement {
  return document.getElementById(id)!
}

/** Makes an element. Content is text or other elements, never markup, so nothing a client sent is ever read as such. */
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

/** Sets text only where it differs, so that nothing is laid out or read aloud for no reason. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** The buttons below an element that have a data attribute, each with its value. */
export function dataButtons(name: string): [button: HTMLButtonElement, value: string][] {
  return [...document.querySelectorAll<HTMLButtonElement>(`button[data-${name}]`)].map((button) => [
    button,
    button.dataset[name] ?? '',
  ])
}
