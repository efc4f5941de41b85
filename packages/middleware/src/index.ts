// Placeholder until the package is written.
export const placeholder = true
