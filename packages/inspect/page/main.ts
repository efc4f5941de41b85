import { startLive } from './live/view.ts'

startLive({ hint: 'Pick a request in it to see it whole, to copy it, or to send it again.' })
