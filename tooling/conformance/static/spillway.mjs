// Our file server. Usage: node spillway.mjs <root> <port> site|listing|application; build first.
import { serve } from '../../../packages/core/dist/index.js'
import { staticFiles } from '../../../packages/middleware/dist/static.js'
import { options } from './options.mjs'

const [root, port, at] = process.argv.slice(2)
await serve(staticFiles(root, options[at]), { port: Number(port) })
