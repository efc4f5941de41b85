export const checks: readonly { readonly group: string; readonly name: string }[]
