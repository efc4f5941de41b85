// `require` of ECMAScript modules, which Node has without a flag since 20.19.
const { createServer } = require('@spillway/core')
const { router } = require('@spillway/middleware/router')
const { RequestHead } = require('@spillway/parser')

console.log([createServer, router, RequestHead].map((one) => typeof one).join(' '))
