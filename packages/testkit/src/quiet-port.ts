import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that Linux gives to connections by itself. */
const FIRST = 20_000
const COUNT = 12_000

/** Each is given out once: its server may be down just now. */
const given = new Set<number>()

/**
 * A free port on loopback that a server can have again after its end: no connection gets it meanwhile, and
 * nobody else in this process.
 */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (given.has(port)) continue
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
      given.add(port)
      return port
    } catch {
      // Somebody has it.
    } finally {
      server.close()
    }
  }
}
