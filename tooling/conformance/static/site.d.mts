export function makeSite(): string
