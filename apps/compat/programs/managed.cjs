// The program that pm2 manages: it reports which process it is.
const cluster = require('node:cluster')
const http = require('node:http')

const server = http.createServer((_req, res) => {
  // Spillway sends Date anyway, which shows that it is the one serving.
  res.sendDate = false
  res.end(`pid ${process.pid}`)
})
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('ready'))
process.on('SIGINT', () => {
  // A worker that simply exits drops connections that are being passed to it, whichever server runs in it.
  if (cluster.isWorker) cluster.worker.disconnect()
  else server.close(() => process.exit())
})
