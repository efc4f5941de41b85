// `require` of ECMAScript modules, which Node has without a flag since 20.19: of every entry that the command line names.

/** What this one is for happens when it is loaded. */
const withoutExports = ['@spillway/node']
/** It is for `--import`: it waits until the inspector listens, and `require` cannot wait. */
const asynchronous = ['@spillway/inspect/auto']

for (const entry of process.argv.slice(2)) {
  if (asynchronous.includes(entry)) continue
  if (Object.keys(require(entry)).length === 0 && !withoutExports.includes(entry))
    throw new Error(`${entry} exports nothing`)
}
