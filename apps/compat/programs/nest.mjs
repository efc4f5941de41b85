import 'reflect-metadata'
import { Readable } from 'node:stream'
import {
  Body,
  Controller,
  Get,
  HttpCode,
  HttpException,
  Module,
  Post,
  Redirect,
  Req,
  Res,
  StreamableFile,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { pause, pieces, ready, seen } from './lib.mjs'

class Routes {
  hello = undefined
  root() {
    return 'Hello'
  }
  json(body) {
    return body
  }
  stream() {
    return new StreamableFile(Readable.from(pieces(), { objectMode: false }), { type: 'text/plain' })
  }
  error() {
    throw new HttpException('on purpose', 418)
  }
  redirect() {}
  empty() {}
  wait(req, res) {
    for (const [name, emitter] of Object.entries({ req, res })) emitter.on('close', () => seen(`${name} close`))
    res.write('waiting')
  }
  async slow() {
    await pause(100)
    return 'slow'
  }
}

/** What a compiler generates for decorators. */
function decorate(name, ...decorators) {
  for (const decorator of decorators)
    decorator(Routes.prototype, name, Object.getOwnPropertyDescriptor(Routes.prototype, name))
}
decorate('root', Get('/'))
decorate('json', Post('/json'))
Body()(Routes.prototype, 'json', 0)
decorate('stream', Get('/stream'))
decorate('error', Get('/error'))
decorate('redirect', Get('/redirect'), Redirect('/'))
decorate('empty', Get('/empty'), HttpCode(204))
decorate('wait', Get('/wait'))
Req()(Routes.prototype, 'wait', 0)
Res()(Routes.prototype, 'wait', 1)
decorate('slow', Get('/slow'))
Controller()(Routes)
class Root {}
Module({ controllers: [Routes] })(Root)

const app = await NestFactory.create(Root, { logger: false })
await app.listen(0, '127.0.0.1')
ready(app.getHttpServer().address().port, () => app.close())
