/** An element of the page that is there. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the page knows which kind it is
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E
}

/** A new element with what is in it. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.append(...content)
  return element
}

/** The picture of somebody: the first letter, on a colour that is always the same for a name. */
export function avatar(name: string): HTMLElement {
  let sum = 0
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)!) % 9973
  const picture = make('span', 'avatar', String.fromCodePoint(name.codePointAt(0)!).toUpperCase())
  picture.setAttribute('aria-hidden', 'true')
  // By the golden angle, names that are alike have colours that are not.
  picture.style.setProperty('--hue', String(Math.round(sum * 137.5) % 360))
  return picture
}
