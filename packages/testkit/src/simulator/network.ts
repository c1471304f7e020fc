import { setImmediate as nextTurn } from 'node:timers/promises'

import type { SimulatedRequest } from './endpoints.ts'
import type { Fault } from './plan.ts'
import type { LocalServer } from './local-server.ts'

type RequestFaultPlan = Extract<Fault, { on: 'request' }>

/** What a fault makes happen on a client's side. */
export interface FaultEffects {
  /** The application writes while the request is under way. */
  write(seed: number): void
  /** The client's process dies. */
  die(): void
}

/** A request that the client has given up, and the network has not. */
interface Stale {
  readonly request: SimulatedRequest
  readonly before: 'next' | 'one after'
  /** The server's, when it was sent. */
  readonly life: number
}

/** The line between one client and the server. It is perfect but for the fault that is set. */
export class Line {
  readonly #server: LocalServer
  readonly #log: (text: string) => void
  readonly #effects: FaultEffects
  #fault: RequestFaultPlan | null = null
  #requests = 0
  #stale: Stale | null = null
  /** Of the request that the fault has struck; null: it has struck none yet. */
  struckPath: string | null = null
  isDead = false

  constructor(server: LocalServer, effects: FaultEffects, log: (text: string) => void) {
    this.#server = server
    this.#effects = effects
    this.#log = log
  }

  /** From here on requests are counted anew, and `fault` strikes one of them. */
  arm(fault: Fault | null): void {
    this.#fault = fault?.on === 'request' ? fault : null
    this.#requests = 0
    this.struckPath = null
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const asked = {
      path: new URL(request.url).pathname,
      body: new Uint8Array(await request.arrayBuffer()),
      isTidemark: request.headers.get('tidemark-dialect') === '1',
    }
    await nextTurn()
    if (this.isDead) throw new TypeError('the client is dead')
    this.#requests += 1
    await this.#deliverStale()
    const fault = this.#fault?.nth === this.#requests ? this.#fault : null
    const response = fault === null ? await this.#pass(asked) : await this.#struck(fault, asked)
    if (this.isDead) throw new TypeError('the client is dead')
    return response
  }

  /** What would arrive after the next request never does. */
  loseVeryLate(): void {
    if (this.#stale?.before === 'one after') this.#stale = null
  }

  /** What was late arrives before the request that is on its way now, or waits for the one after it. */
  async #deliverStale(): Promise<void> {
    const stale = this.#stale
    if (stale === null) return
    if (stale.before === 'one after') {
      this.#stale = { ...stale, before: 'next' }
      return
    }
    this.#stale = null
    // It was on a connection to the server that has ended. Those of Tidemark's clients do no harm on another
    // one either, as their push ids are in the database.
    if (stale.life !== this.#server.life && !stale.request.isTidemark) return
    const late = await this.#server.answer(stale.request)
    this.#log(`    a late ${stale.request.path} arrives: ${late.status}`)
  }

  async #pass(request: SimulatedRequest): Promise<Response> {
    return this.#server.answer(request)
  }

  async #struck(fault: RequestFaultPlan, request: SimulatedRequest): Promise<Response> {
    this.struckPath = request.path
    this.#log(`    ${request.path}: ${fault.what}`)
    switch (fault.what) {
      case 'refused':
        throw new TypeError('connection refused')
      case 'lost':
        await this.#pass(request)
        throw new TypeError('the answer was lost')
      case 'cut':
        return cut(await this.#pass(request), fault.position)
      case 'twice':
        await this.#pass(request)
        return this.#pass(request)
      case 'stale':
        this.#stale = { request, before: 'next', life: this.#server.life }
        throw new TypeError('the request is late')
      case 'staler':
        this.#stale = { request, before: 'one after', life: this.#server.life }
        throw new TypeError('the request is very late')
      case 'busy':
        return new Response('', { status: 503 })
      case 'write':
        this.#effects.write(fault.seed)
        return this.#pass(request)
      case 'crash': {
        const response = await this.#pass(request)
        this.#effects.die()
        return response
      }
    }
  }
}

/** A part of the body, then the line breaks. */
async function cut(response: Response, position: number): Promise<Response> {
  const whole = new Uint8Array(await response.arrayBuffer())
  const part = whole.subarray(0, Math.floor((whole.length * position) / 1000))
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (part.length > 0) controller.enqueue(part)
    },
    pull(controller) {
      controller.error(new TypeError('the connection was cut'))
    },
  })
  return new Response(body, { status: response.status, headers: response.headers })
}
