// What the tests use of a package that comes without types.
declare module 'parse-prometheus-text-format' {
  interface Sample {
    readonly value?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  const parse: (text: string) => { readonly name: string; readonly metrics: readonly Sample[] }[]
  export default parse
}
