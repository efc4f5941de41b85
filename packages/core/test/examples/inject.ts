import { inject } from '@spillway/core/testing'

const response = await inject((c) => c.json({ path: c.path }), '/users/7')
console.log(response.status, await response.json()) // 200 { path: '/users/7' }
