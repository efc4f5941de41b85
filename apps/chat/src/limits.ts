// How much of everything there may be. All that is kept has a bound, and every bound is told where it is met.

/** Users that may have taken a name. */
export const mostUsers = 100_000
export const mostRooms = 200
/** Messages that a room keeps; older ones go. */
export const keptMessages = 1000
/** Messages that are shown at a time. */
export const pageSize = 50
/** Who has missed more than that begins anew with the latest. */
export const mostMissed = 200
/** Characters of a message. */
export const longestText = 2000
/** Messages of one connection: so many at once, and so many a second from then on. */
export const messagesPerSecond = 10
/** Names of who is there, for people to read; beyond that they are counted. */
export const mostNamed = 100
