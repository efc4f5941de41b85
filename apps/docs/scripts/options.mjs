// Tables of options, from the docstrings.

/** The text of a comment, as Markdown in one line. */
function textOf(comment) {
  const parts = (comment?.summary ?? []).map(({ kind, text }) => (kind === 'inline-tag' ? `\`${text}\`` : text))
  return parts
    .join('')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', String.raw`\|`)
    .trim()
}

function typeOf(declaration) {
  const signature = declaration.signatures?.[0]
  const text = signature ? 'function' : String(declaration.type)
  // A long type is a function or a list of names: the reference shows it in full.
  return text.length > 60 ? text.replace(/^(.{50}).*$/s, '$1…') : text
}

/**
 * @param project TypeDoc's model of the sources.
 * @returns a function that gives the tables of a middleware module.
 */
export function optionsFrom(project) {
  return (entry) => {
    const module = project.children.find(({ name }) => name === `middleware/${entry}`)
    if (!module)
      throw new Error(`The reference has no middleware/${entry}: ${project.children.map(({ name }) => name)}`)
    return (module.children ?? [])
      .filter(({ name, children }) => name.endsWith('Options') && children?.length > 0)
      .map(({ name, children }) => {
        const rows = children.map((option) => {
          const { comment } = option.signatures?.[0] ?? option
          const type = typeOf(option)
            .replaceAll('|', String.raw`\|`)
            .replaceAll('`', '')
          return `| \`${option.name}\` | \`${type}\` | ${textOf(comment)} |\n`
        })
        return `### ${name}\n\n| option | type | meaning |\n| --- | --- | --- |\n${rows.join('')}`
      })
      .join('\n')
  }
}
