import Sqlite from 'better-sqlite3'
import { BusyError, StateError } from '@tidemark/protocol'
import { describe, expect, it } from 'vitest'
import { toWireError } from './to-wire-error.ts'
import { fromWireError } from './wire-error.ts'

function acrossTheWire(error: unknown): Error {
  return fromWireError(JSON.parse(JSON.stringify(toWireError(error))) as ReturnType<typeof toWireError>)
}

describe('an error that crosses from a worker', () => {
  it('keeps its class, code and recovery', () => {
    const busy = acrossTheWire(new BusyError('later', { retryAfterMs: 700 }))
    expect(busy).toBeInstanceOf(BusyError)
    expect(busy).toMatchObject({ message: 'later', retryAfterMs: 700 })
    const state = acrossTheWire(new StateError('TIDEMARK_X', 'no', { recovery: 'operator' }))
    expect(state).toBeInstanceOf(StateError)
    expect(state).toMatchObject({ code: 'TIDEMARK_X', recovery: 'operator' })
  })

  it('is told as a full or a busy database where SQLite says so', () => {
    const full = new Sqlite.SqliteError('database or disk is full', 'SQLITE_FULL')
    expect(acrossTheWire(full)).toMatchObject({ name: 'LimitError' })
    const busy = new Sqlite.SqliteError('database is locked', 'SQLITE_BUSY_SNAPSHOT')
    expect(acrossTheWire(busy)).toBeInstanceOf(BusyError)
  })

  it('is told as a server without descriptors where the system says so', () => {
    const error = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
    expect(acrossTheWire(error)).toMatchObject({ name: 'BusyError', code: 'TIDEMARK_TOO_MANY_FILES' })
  })

  it('shows the log where it happened when it is a bug', () => {
    const bug = new TypeError('nobody thought of this')
    expect(acrossTheWire(bug)).toMatchObject({ code: 'TIDEMARK_INTERNAL', stack: bug.stack })
    expect(acrossTheWire('text')).toMatchObject({ code: 'TIDEMARK_INTERNAL', message: 'text' })
  })
})
