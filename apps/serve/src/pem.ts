/** PEM text. */
export interface CertificateAndKey {
  readonly cert: string
  readonly key: string
}
