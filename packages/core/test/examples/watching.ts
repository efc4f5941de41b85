import { channels } from '@spillway/core'

channels.close.subscribe(({ connection, reason, requests }) => console.log(connection, reason, requests))
