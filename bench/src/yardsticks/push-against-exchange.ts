import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { connect } from '@tidemark/sdk-node'
import { ServerProcess } from '@tidemark/testkit'
import { INSERT, itemRows, SCHEMA } from '../rows.ts'
import { takeTurns, timeOf } from '../statistics.ts'
import type { Measured, Yardstick } from './yardstick.ts'

const ROUNDS = 61
/** So many requests both have made before. */
const WARM_UPS = 1000

/** A push of one row cannot cost less than a request that both sides have on disk. */
export const pushAgainstExchange: Yardstick = {
  name: 'push 1 row',
  against: 'a POST of 300 bytes on loopback, fdatasync of as many on each side',
  durability: 'full',
  maxRatio: 3,

  async measure(directory: string): Promise<Measured> {
    await using server = await ServerProcess.start(join(directory, 'server'))
    const db = await connect({ path: join(directory, 'a.db'), url: server.database('bench') })
    db.exec(SCHEMA)
    await db.push()
    const exchange = await BareExchange.start(directory)
    const insert = db.prepare(INSERT)
    const [tidemark, yardstick] = await takeTurns(
      ROUNDS,
      (round) => {
        insert.run(...itemRows(round + 1, 1)[0]!)
        return timeOf(() => db.push())
      },
      () => timeOf(() => exchange.once()),
      WARM_UPS,
    )
    exchange.close()
    db.close()
    return { unit: 'ms', tidemark, yardstick }
  },
}

class BareExchange {
  readonly #server = createServer((request, response) => {
    void buffer(request).then((body) => {
      writeSync(this.#there, body)
      fdatasyncSync(this.#there)
      response.end('ok')
    })
  })
  readonly #here: number
  readonly #there: number

  private constructor(directory: string) {
    this.#here = openSync(join(directory, 'here'), 'w')
    this.#there = openSync(join(directory, 'there'), 'w')
  }

  static async start(directory: string): Promise<BareExchange> {
    const exchange = new BareExchange(directory)
    exchange.#server.listen(0, '127.0.0.1')
    await once(exchange.#server, 'listening')
    return exchange
  }

  async once(): Promise<void> {
    const body = Buffer.alloc(300, 'x')
    writeSync(this.#here, body)
    fdatasyncSync(this.#here)
    const { port } = this.#server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body })
    await response.text()
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
    closeSync(this.#here)
    closeSync(this.#there)
  }
}
