import 'reflect-metadata'
import { Controller, Get, Header, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { greeting, host, port } from '../settings.ts'

class Routes {
  plaintext(): string {
    return greeting
  }
}
// What a compiler generates for decorators.
const method = Object.getOwnPropertyDescriptor(Routes.prototype, 'plaintext')!
Get('/plaintext')(Routes.prototype, 'plaintext', method)
Header('Content-Type', 'text/plain')(Routes.prototype, 'plaintext', method)
Controller()(Routes)
class Root {}
Module({ controllers: [Routes] })(Root)

const app = await NestFactory.create(Root, { logger: false })
await app.listen(port, host)
