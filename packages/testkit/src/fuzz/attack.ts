/** One request that no honest client would make. */
export interface Attack {
  readonly what: string
  /** Whether it may commit something to the attacked database where it is answered 200. */
  readonly mayWrite: boolean
  readonly send: Sendable
}

export type Sendable = HttpAttack | SocketAttack

export interface HttpAttack {
  readonly kind: 'http'
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
}

/** Bytes as they go out, piece by piece; after the last the connection is left open, half closed or reset. */
export interface SocketAttack {
  readonly kind: 'socket'
  readonly pieces: readonly (Uint8Array | string)[]
  readonly pauseMs: number
  readonly ending: 'wait' | 'half-close' | 'reset'
}

/** What came back. `status` 0: the connection ended without an answer. */
export interface AttackAnswer {
  readonly status: number
  readonly body: Buffer
}

export interface Scene {
  /** Name of the attacked database. */
  readonly database: string
  /** A folder that SQL must not reach. */
  readonly outside: string
  /** The attacked database's revision. */
  readonly revision: string
}
