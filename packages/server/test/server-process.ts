/**
 * A server in a process of its own, to be killed. Arguments: data directory, settings as JSON. Prints its
 * port, then its workers' process ids on demand.
 */
import { createServer } from '../src/create-server.ts'

const [data, settings] = process.argv.slice(2)
const server = createServer({
  ...(JSON.parse(settings ?? '{}') as Record<string, unknown>),
  data: data!,
  port: 0,
  autoCreate: true,
})
const { port } = await server.listen()
process.stdout.write(`${port}\n`)
process.once('SIGTERM', () => {
  void server.close()
})
