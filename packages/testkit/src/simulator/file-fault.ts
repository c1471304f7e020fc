import { readlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { Client } from './client.ts'
import type { MutatingCall, Verdict } from './file-calls.ts'
import { ServerDownError } from './local-server.ts'
import type { LocalServer } from './local-server.ts'
import type { Fault } from './plan.ts'
import { Random } from './random.ts'
import type { VolatileChanges } from './volatile.ts'
import type { Writes } from './writes.ts'

type FileFaultPlan = Extract<Fault, { on: 'file' }>

/** Where a fault strikes. */
export interface FaultScene {
  readonly server: LocalServer
  readonly log: string[]
  readonly writes: Writes
  readonly volatile: VolatileChanges
  /** Told of each call that a fault could strike, and whether this one does. */
  readonly onFileCall: ((side: 'client' | 'server', isStruck: boolean) => void) | null
}

/**
 * What to watch file calls with, so that the fault strikes at its call. `client` null: the fault is one of the server.
 */
export function fileFault(
  client: Client | null,
  fault: FileFaultPlan,
  { server, log, writes, volatile, onFileCall }: FaultScene,
): { readonly watch: (call: MutatingCall, args: readonly unknown[]) => Verdict; hasFired: boolean } {
  let calls = 0
  const code = (fault.seed & 2) === 0 ? 'ENOSPC' : 'EIO'
  const failure = Object.assign(new Error(`${code}: injected`), { code })
  const state = {
    hasFired: false,
    watch: (call: MutatingCall, args: readonly unknown[]): Verdict => {
      // Nobody can do anything while the wal-index is being written: that takes microseconds, and SQLite waits for it.
      if (fault.what === 'write' && isSharedMemory(args[0])) return 'done'
      const side = server.isActive ? 'server' : 'client'
      if (side === 'client' && client !== null && isOfAnother(client, args[0])) return 'done'
      if (side === fault.side) {
        const isDead = side === 'server' ? server.isDead : client!.line.isDead
        if (isDead) return { refused: new ServerDownError('this process is dead') }
        calls += 1
      }
      onFileCall?.(side, side === fault.side && calls === fault.nth)
      if (side !== fault.side) return 'done'
      if (calls !== fault.nth) return 'done'
      state.hasFired = true
      log.push(`    ${fault.what} at ${call}, on the ${fault.side}`)
      switch (fault.what) {
        case 'refused':
          return { refused: failure }
        case 'cut':
          return {
            cut: () => {
              throw failure
            },
          }
        case 'write':
          writes.slipIn(client!, fault.seed)
          return 'done'
        case 'crash':
          if (fault.side === 'server') server.die()
          else client!.die()
          return { refused: new ServerDownError('this process is dead') }
        case 'power': {
          const machine = fault.side === 'server' ? server : client!
          const lost = machine.losePower(volatile, new Random(fault.seed))
          log.push(`    lost: ${lost.join(', ')}`)
          return { refused: new ServerDownError('this process is dead') }
        }
      }
    },
  }
  return state
}

function isSharedMemory(file: unknown): boolean {
  return typeof file === 'number' && pathOf(file).endsWith('-shm')
}

/**
 * Whether the file is another client's: what that one does behind its last operation goes on meanwhile, and
 * is not struck. Each life of a client has a numbered folder.
 */
function isOfAnother(client: Client, file: unknown): boolean {
  const path = pathOf(file)
  const isOfAny = path.startsWith(join(dirname(client.directory), 'client-'))
  return isOfAny && !path.startsWith(client.directory.replace(/\d+$/, ''))
}

function pathOf(file: unknown): string {
  return typeof file === 'number' ? readlinkSync(`/proc/self/fd/${file}`) : String(file)
}
