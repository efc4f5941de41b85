// How a note becomes lines of a changelog: as it was written, without digests of commits, which tell readers nothing.

/** The lines of one note. */
async function getReleaseLine({ summary }) {
  const [first, ...rest] = summary.trim().split('\n')
  return `- ${[first, ...rest.map((line) => (line === '' ? '' : `  ${line}`))].join('\n')}`
}

/** One line for all packages of ours that a package needs. */
async function getDependencyReleaseLine(_notes, updated) {
  const names = updated.map(({ name, newVersion }) => `\`${name}\` ${newVersion}`)
  return names.length === 0 ? '' : `- Needs ${names.join(', ')}.`
}

module.exports = { getReleaseLine, getDependencyReleaseLine }
