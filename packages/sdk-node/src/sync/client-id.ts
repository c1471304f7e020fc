import { randomUUID } from 'node:crypto'

/** A name that no other replica has. */
export function newClientId(clientName: string): string {
  return `${clientName}-${randomUUID()}`
}
