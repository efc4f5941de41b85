// `node --import @spillway/node app.js`: from here on, servers that the program creates with `node:http` and `node:https` are Spillway's.
import { isMainThread } from 'node:worker_threads'
import { install } from './install.ts'

install()
if (isMainThread && !process.env['SPILLWAY_QUIET'])
  console.error('Spillway serves this program in place of node:http and node:https (SPILLWAY_QUIET=1 hides this line)')
