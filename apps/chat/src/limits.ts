// The limits. Everything that is stored has one, and whoever reaches it is told.

/** Most users with a name of their own. */
export const mostUsers = 100_000
export const mostRooms = 200
/** Most messages that a room keeps; the oldest are deleted. */
export const keptMessages = 1000
/** How many messages a page gets at a time. */
export const pageSize = 50
/** A page that has missed more than this gets only the latest. */
export const mostMissed = 200
/** Most characters of a message. */
export const longestText = 2000
/** Most messages of one connection: at once, and then each second. */
export const messagesPerSecond = 10
/** How many names of those present are listed; the others are only counted. */
export const mostNamed = 100
