// Makes the API reference of the site from the docstrings: one page for each public entry of each package.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Application } from 'typedoc'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

/** Source files of what a package exports: `./dist/<name>.js` is built from `src/<name>.ts`. */
function entriesOf(name) {
  const folder = `../../../packages/${name}`
  const { exports } = JSON.parse(readFileSync(path(`${folder}/package.json`), 'utf8'))
  return Object.values(exports)
    .map((target) => /^\.\/dist\/(.+)\.js$/.exec(target.default ?? '')?.[1])
    .filter((entry) => entry !== undefined)
    .map((entry) => path(`${folder}/src/${entry}.ts`))
}

/** @returns TypeDoc's model of the sources. */
export async function reference() {
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown', 'typedoc-vitepress-theme'],
    tsconfig: path('../../../tsconfig.json'),
    entryPoints: ['parser', 'core', 'middleware'].flatMap(entriesOf),
    basePath: path('../../../packages'),
    displayBasePath: path('../../../packages'),
    out: path('../site/reference'),
    docsRoot: path('../site'),
    router: 'module',
    readme: 'none',
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    disableSources: true,
    hideBreadcrumbs: true,
    hidePageHeader: true,
    useCodeBlocks: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    logLevel: 'Warn',
    // Types that exist only for inference have no page of their own.
    validation: { notExported: false },
    treatWarningsAsErrors: false,
    skipErrorChecking: true,
  })
  const project = await app.convert()
  if (!project) throw new Error('The sources could not be read')
  // Names with an underscore are for other packages of this repository, and not for readers of the reference.
  for (const member of Object.values(project.reflections))
    if (member.name.startsWith('_')) project.removeReflection(member)
  for (const module of project.children ?? []) module.name = module.name.replace(/\/src(?=\/|$)/, '')
  await app.generateOutputs(project)
  return project
}
