import { checks as conditions } from './checks-conditions.mjs'
import { checks as content } from './checks-content.mjs'
import { checks as places } from './checks-places.mjs'
import { checks as safety } from './checks-safety.mjs'

export const checks = [...content, ...conditions, ...places, ...safety]
