const common = { precompressed: true, compress: true, immutable: true }

/** The options of our server for each mode of serving the site. */
export const options = {
  site: { ...common, cleanUrls: true, notFound: '404.html' },
  listing: { ...common, listing: true },
  application: { ...common, fallback: 'index.html' },
}
