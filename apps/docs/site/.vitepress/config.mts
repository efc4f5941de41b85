import { readFileSync } from 'node:fs'
import { type DefaultTheme, type UserConfig, defineConfig } from 'vitepress'

const json = (path: string): DefaultTheme.SidebarItem[] =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as DefaultTheme.SidebarItem[]

/** Places have the names that GitHub gives them, so that a link works in both. */
function slugify(title: string): string {
  return title
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-')
}

const config: UserConfig<DefaultTheme.Config> = defineConfig({
  title: 'Spillway',
  description: 'A web server in TypeScript, from the TCP socket up',
  lang: 'en',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/icon.svg' }]],
  cleanUrls: true,
  outDir: '../dist',
  cacheDir: '../node_modules/.cache/vitepress',
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  markdown: {
    anchor: { slugify },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  themeConfig: {
    logo: '/icon.svg',
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          searchOptions: {
            // Whoever looks for a word wants to be told how, before every symbol that has it in its name.
            boostDocument: (id: string) =>
              id.startsWith('/reference/') ? 0.1 : id.startsWith('/decisions/') ? 0.3 : 1,
          },
        },
      },
    },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/guide/getting-started' },
      { text: 'Recipes', link: '/recipes/' },
      { text: 'Packages', link: '/packages/core' },
      { text: 'Reference', link: '/reference/' },
    ],
    sidebar: {
      '/reference/': json('../reference/typedoc-sidebar.json'),
      '/': [
        {
          text: 'Build',
          items: [
            { text: 'Getting started', link: '/guide/getting-started' },
            { text: 'Routes in files of their own', link: '/guide/typed-routes' },
            { text: 'Errors and validation', link: '/guide/errors' },
            { text: 'Sign-in and sessions', link: '/guide/sign-in' },
            { text: 'Uploads', link: '/guide/files-and-streams' },
            { text: 'Streaming', link: '/guide/streaming' },
            { text: 'WebSocket, events, topics', link: '/guide/realtime' },
            { text: 'Testing', link: '/recipes/testing' },
            { text: 'Logging, numbers, tracing', link: '/guide/observing' },
            { text: 'Watching your server', link: '/guide/inspecting' },
            { text: 'Configuration, TypeScript', link: '/guide/configuration' },
            { text: 'Limits and deadlines', link: '/limits' },
            { text: 'Deploying', link: '/guide/deploying' },
            { text: 'Migrating', link: '/guide/migrating' },
            { text: 'Recipes', link: '/recipes/' },
          ],
        },
        {
          text: 'How a web server works',
          items: [
            { text: 'Listen', link: '/guide/listen' },
            { text: 'Accept and receive', link: '/guide/receive' },
            { text: 'Process', link: '/guide/process' },
            { text: 'Reply', link: '/guide/reply' },
            { text: 'Close or keep alive', link: '/guide/keep-alive' },
            { text: 'Repeat, for many clients', link: '/guide/many-clients' },
            { text: 'Many at once on one connection', link: '/guide/streams' },
          ],
        },
        {
          text: 'Packages',
          items: [
            { text: 'parser', link: '/packages/parser' },
            { text: 'core', link: '/packages/core' },
            {
              text: 'middleware',
              link: '/packages/middleware',
              items: json('../packages/middleware-sidebar.json'),
            },
            { text: 'node', link: '/packages/node' },
            { text: 'Error codes', link: '/packages/error-codes' },
          ],
        },
        {
          text: 'Evidence',
          items: [
            { text: 'Benchmarks', link: '/benchmarks' },
            { text: 'Conformance', link: '/conformance' },
            { text: 'Compatibility', link: '/compatibility' },
            { text: 'Security model', link: '/security' },
            { text: 'Beside others', link: '/comparison' },
            { text: 'Decisions', link: '/decisions' },
          ],
        },
      ],
    },
    socialLinks: [{ icon: 'github', link: 'https://github.com/spillway/spillway' }],
  },
})
export default config
