import { serve } from '@spillway/core'
import { fromFetch } from '@spillway/core/web'
import { Hono } from 'hono'

const app = new Hono().get('/', (c) => c.text('Hono on Spillway'))
await serve(fromFetch((request, info) => app.fetch(request, info)))
