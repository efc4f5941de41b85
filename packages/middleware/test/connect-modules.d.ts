// What the tests use of packages that come without types.
declare module 'compression' {
  const compression: (options?: object) => import('../src/connect.ts').ConnectMiddleware
  export default compression
}
declare module 'express-session' {
  const session: (options: object) => import('../src/connect.ts').ConnectMiddleware
  export default session
}
declare module 'morgan' {
  const morgan: (
    format: string,
    options: { stream: { write(line: string): void } },
  ) => import('../src/connect.ts').ConnectMiddleware
  export default morgan
}
declare module 'multer' {
  interface Multer {
    single(name: string): import('../src/connect.ts').ConnectMiddleware
  }
  const multer: { (options?: object): Multer; memoryStorage(): object; diskStorage(options: object): object }
  export default multer
}
declare module 'passport' {
  type Middleware = import('../src/connect.ts').ConnectMiddleware
  interface Passport {
    use(strategy: object): void
    serializeUser(serialize: (user: any, done: (error: unknown, id?: unknown) => void) => void): void
    deserializeUser(restore: (id: any, done: (error: unknown, user?: unknown) => void) => void): void
    initialize(): Middleware
    session(): Middleware
    authenticate(name: string, options?: object): Middleware
  }
  const passport: Passport & { Passport: new () => Passport; Strategy: new () => any }
  export default passport
}
