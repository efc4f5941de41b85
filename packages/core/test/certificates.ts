import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Tool, execFileSync, findTool } from '@spillway/vitest-config/tools'

/** A certificate and its key, as PEM text and as files. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}

/** An authority for tests and what it vouches for. */
export interface TestAuthority {
  readonly ca: string
  readonly caFile: string
  /** @param names DNS names and addresses; none makes a client certificate. */
  issue(subject: string, names?: readonly string[]): TestCertificate
  /** Vouches for a request (PKCS #10, in PEM), for the names that are in it. @param days that it is valid. */
  sign(request: string, days?: number): string
  /** The list of what it has withdrawn: this certificate. */
  revoke(certificate: TestCertificate): string
  /** What its responder says of a certificate: that it was not withdrawn, in DER. */
  vouch(certificate: TestCertificate): Buffer
  remove(): void
}

export const openssl: Tool = findTool('openssl')

/** What is TLS's own are `cert` and `key`: the names of the files are no options of it. */
class Issued implements TestCertificate {
  readonly cert: string
  readonly key: string
  readonly #files: readonly [cert: string, key: string]

  constructor(certFile: string, keyFile: string) {
    this.cert = readFileSync(certFile, 'utf8')
    this.key = readFileSync(keyFile, 'utf8')
    this.#files = [certFile, keyFile]
  }

  get certFile(): string {
    return this.#files[0]
  }

  get keyFile(): string {
    return this.#files[1]
  }
}

/** Makes an authority that lives in a folder of its own. */
export function makeAuthority(name = 'Test authority'): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-tls-'))
  const run = (...args: string[]): void => void execFileSync(openssl.path, args, { cwd: folder, stdio: 'pipe' })
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  run('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', `/CN=${name}`, '-days', '3')
  let count = 0
  /** Begins a new list of certificates. Returns by whom it is kept. */
  const beginIndex = (): string[] => {
    writeFileSync(join(folder, 'index.txt'), '')
    writeFileSync(join(folder, 'crlnumber'), '01\n')
    writeFileSync(
      join(folder, 'ca.cnf'),
      '[ca]\ndefault_ca = one\n[one]\ndatabase = index.txt\ncrlnumber = crlnumber\ndefault_md = sha256\ndefault_crl_days = 3\n',
    )
    return ['-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key']
  }
  return {
    ca: readFileSync(join(folder, 'ca.pem'), 'utf8'),
    caFile: join(folder, 'ca.pem'),
    issue: (subject, names = []) => {
      const base = `issued-${++count}`
      const [certFile, keyFile] = [join(folder, `${base}.pem`), join(folder, `${base}.key`)]
      run('req', ...curve, '-keyout', keyFile, '-out', `${base}.csr`, '-subj', `/CN=${subject}`)
      const alternatives = names.map((entry) => `${/^[\d.]+$|:/.test(entry) ? 'IP' : 'DNS'}:${entry}`)
      const usage = names.length > 0 ? 'serverAuth' : 'clientAuth'
      const lines = [
        `extendedKeyUsage=${usage}`,
        ...(alternatives.length > 0 ? [`subjectAltName=${alternatives.join(',')}`] : []),
      ]
      writeFileSync(join(folder, `${base}.ext`), `${lines.join('\n')}\n`)
      const from = ['-in', `${base}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
      run('x509', '-req', ...from, '-out', certFile, '-days', '3', '-extfile', `${base}.ext`)
      return new Issued(certFile, keyFile)
    },
    sign: (request, days = 3) => {
      const base = `signed-${++count}`
      writeFileSync(join(folder, `${base}.csr`), request)
      const from = ['-in', `${base}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
      run('x509', '-req', ...from, '-out', `${base}.pem`, '-days', String(days), '-copy_extensions', 'copy')
      return readFileSync(join(folder, `${base}.pem`), 'utf8')
    },
    revoke: ({ certFile }) => {
      const by = beginIndex()
      run('ca', ...by, '-revoke', certFile)
      run('ca', ...by, '-gencrl', '-out', 'crl.pem')
      return readFileSync(join(folder, 'crl.pem'), 'utf8')
    },
    vouch: ({ certFile }) => {
      run('ca', ...beginIndex(), '-valid', certFile)
      const who = ['-issuer', 'ca.pem', '-cert', certFile]
      const by = ['-index', 'index.txt', '-CA', 'ca.pem', '-rsigner', 'ca.pem', '-rkey', 'ca.key', '-ndays', '3']
      run('ocsp', ...by, ...who, '-respout', 'response.der')
      return readFileSync(join(folder, 'response.der'))
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}
