// A program of its own: an API, and callers that call it through the gateway at
// a rate. It costs the machine little, so that a page can be measured beside it.
//
//	node flood.js serve            prints the address of the API
//	node flood.js call URL RATE    calls until it is ended

import { Agent, createServer, request } from 'node:http'

const [verb, target, rate] = process.argv.slice(2)

if (verb === 'serve') {
  const api = createServer((req, res) => {
    req.resume()
    const n = Number(/\d+/.exec(req.url)?.[0] ?? 0)
    const status = n % 50 === 7 ? 404 : n % 100 === 3 ? 403 : n % 500 === 9 ? 500 : 200
    const body = JSON.stringify({ id: n, name: `Customer ${n}`, city: 'Berlin' })
    res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length })
    res.end(body)
  })
  api.keepAliveTimeout = 60_000
  api.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${api.address().port}`))
} else {
  const { hostname, port } = new URL(target)
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const begun = performance.now()
  let sent = 0
  setInterval(() => {
    const due = Math.floor(((performance.now() - begun) / 1000) * Number(rate))
    // After a stop of the machine, what is due is not made up for at once.
    if (due - sent > 200) sent = due - 200
    for (; sent < due; sent++) {
      const call = request({ hostname, port, agent, path: `/flood/customers/${(sent * 7919) % 5000}`, headers: { 'User-Agent': `flood/${sent % 7}` } }, (res) => res.resume())
      call.on('error', () => undefined)
      call.end()
    }
  }, 5)
}
