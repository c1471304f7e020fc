import { attempt } from '../simulator/attempt.ts'
import { Violation } from '../simulator/checks.ts'
import type { Client } from '../simulator/client.ts'
import { watching } from '../simulator/file-calls.ts'
import { ServerDownError } from '../simulator/local-server.ts'
import type { LocalServer } from '../simulator/local-server.ts'
import type { Fault, SyncKind } from '../simulator/plan.ts'
import type { World } from '../simulator/world.ts'
import { isOnWayFrom } from './way-to-disk.ts'

/** The client's process dies where an operation comes to a call site; what it leaves has not been opened. */
export async function dieAt(client: Client, kind: SyncKind, site: string): Promise<void> {
  const dead = { refused: new ServerDownError('this process is dead') }
  await failing(() =>
    watching(
      () => {
        if (!client.line.isDead && isOnWayFrom(site)) client.die()
        return client.line.isDead ? dead : 'done'
      },
      async (): Promise<unknown> => client.db[kind](),
    ),
  )
  if (!client.line.isDead) throw new Error(`a ${kind} does not come to ${site}`)
  client.takeOver(null)
}

/** The server's process dies in a push of the client where it comes to a call site; it has not been started again. */
export async function serverDiesAt(server: LocalServer, client: Client, site: string): Promise<void> {
  const dead = { refused: new ServerDownError('this process is dead') }
  await failing(() =>
    watching(
      () => {
        if (!server.isActive) return 'done'
        if (!server.isDead && isOnWayFrom(site)) {
          server.die()
          // Another request would start it again.
          client.line.isDead = true
        }
        return server.isDead ? dead : 'done'
      },
      () => client.db.push(),
    ),
  )
  client.line.isDead = false
  if (!server.isDead) throw new Error(`a push does not come to ${site}`)
}

/** An operation fails where it comes to a call site, and the process goes on. */
export async function failAt(client: Client, kind: SyncKind, site: string): Promise<void> {
  const failure = Object.assign(new Error('EIO: injected'), { code: 'EIO' })
  const thrown = await failing(() =>
    watching(
      () => (isOnWayFrom(site) ? { refused: failure } : 'done'),
      async (): Promise<unknown> => client.db[kind](),
    ),
  )
  if (!(thrown instanceof Error) || thrown.cause !== failure)
    throw new Error(`a ${kind} does not fail at ${site}`, { cause: thrown })
}

/**
 * Runs what may fail because of `fault`, on a client's side or the server's. A client that dies is opened
 * again; else `again` is to succeed.
 */
export async function struck(
  world: World,
  client: Client,
  fault: Fault,
  operate: () => unknown,
  again: () => unknown,
): Promise<void> {
  const { error, hasFired } = await attempt(world, client.line, client, fault, async () => operate())
  if (client.line.isDead) await client.revive()
  else if (error !== null) {
    const isExpected = world.isExpected(error, hasFired) || (hasFired && error instanceof ServerDownError)
    if (!isExpected) throw new Violation('it failed', { cause: error })
    await again()
  }
}

async function failing(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run()
    return null
  } catch (error) {
    return error
  }
}
