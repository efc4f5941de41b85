// The static table of HPACK (RFC 7541, Appendix A).
import { Field } from './field.ts'

/** RFC 7541 Appendix A: the names, followed by `=` and each value that has an entry of its own. */
const text =
  ':authority,:method=GET,:method=POST,:path=/,:path=/index.html,:scheme=http,:scheme=https,:status=200,:status=204,' +
  ':status=206,:status=304,:status=400,:status=404,:status=500,accept-charset,accept-encoding=gzip; deflate,' +
  'accept-language,accept-ranges,accept,access-control-allow-origin,age,allow,authorization,cache-control,' +
  'content-disposition,content-encoding,content-language,content-length,content-location,content-range,content-type,' +
  'cookie,date,etag,expect,expires,from,host,if-match,if-modified-since,if-none-match,if-range,if-unmodified-since,' +
  'last-modified,link,location,max-forwards,proxy-authenticate,proxy-authorization,range,referer,refresh,retry-after,' +
  'server,set-cookie,strict-transport-security,transfer-encoding,user-agent,vary,via,www-authenticate'

/** The entries of the static table, at their index; there is none at 0. */
export const staticTable: readonly (Field | undefined)[] = /* @__PURE__ */ (() => [
  undefined,
  ...text.split(',').map((entry) => {
    const [name = '', value = ''] = entry.split('=')
    return new Field(name, value.replace(';', ','))
  }),
])()

/** The first index of each name. */
export const staticNames: ReadonlyMap<string, number> = /* @__PURE__ */ (() => {
  const all = new Map<string, number>()
  for (let i = staticTable.length - 1; i > 0; i--) all.set(staticTable[i]!.name, i)
  return all
})()
