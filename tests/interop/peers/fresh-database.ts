import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'

/** URL of a database that only the caller knows, on the server that all tests of this run share. */
export function freshDatabase(): string {
  return `${inject('serverUrl')}/db/db-${randomBytes(6).toString('hex')}`
}
