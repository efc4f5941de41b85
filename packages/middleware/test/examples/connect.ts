import { connect } from '@spillway/middleware/connect'
import { type Router, router } from '@spillway/middleware/router'
import session from 'express-session'
import helmet from 'helmet'

interface Visits {
  visits?: number
}

const secret = process.env['SESSION_SECRET'] ?? 'for development only'

export const app: Router = router()
  .use(connect(helmet()))
  .use(connect<{ session: Visits }>(session({ secret, resave: false, saveUninitialized: false })))
  .get('/', (c) => {
    const { session: mine } = c.state.req
    mine.visits = (mine.visits ?? 0) + 1
    return c.text(`Visit ${mine.visits}`)
  })
