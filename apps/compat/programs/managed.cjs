// What pm2 manages: it says which process it is.
const cluster = require('node:cluster')
const http = require('node:http')

const server = http.createServer((_req, res) => {
  // Spillway sends Date nevertheless, by which it is known.
  res.sendDate = false
  res.end(`pid ${process.pid}`)
})
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('ready'))
process.on('SIGINT', () => {
  // A worker that just exits takes connections with it that are on their way to it, whatever serves them.
  if (cluster.isWorker) cluster.worker.disconnect()
  else server.close(() => process.exit())
})
