import { LimitError, ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'

/** A parsed JSON object whose fields are still to be checked. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * `path` says in messages which part of the request is meant.
 *
 * @throws ProtocolError, in all functions here, for another form
 */
export function requireObject(value: unknown, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(path, 'an object')
  return value as JsonObject
}

export function requireArray(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(path, 'an array')
  return value
}

export function requireString(value: unknown, path: string): string {
  if (typeof value !== 'string') throw malformed(path, 'a string')
  return value
}

export function requireSql(value: unknown, path: string): string {
  const sql = requireString(value, path)
  if (sql.length > PROTOCOL_LIMITS.hranaSqlLength) throw new LimitError(`${path} of ${sql.length} characters`)
  return sql
}

export function requireIndex(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw malformed(path, 'a whole number')
  }
  return value
}

/** SQL ids are chosen by the client, any 32-bit integer. */
export function requireInt32(value: unknown, path: string): number {
  if (typeof value !== 'number' || (value | 0) !== value) throw malformed(path, 'a 32-bit integer')
  return value
}

/** A missing or null array is empty. @throws LimitError for more than `maxLength` elements */
export function optionalArray(value: unknown, maxLength: number, path: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  const array = requireArray(value, path)
  if (array.length > maxLength) {
    throw new LimitError(`${path} has ${array.length} elements, at most ${maxLength} are accepted`)
  }
  return array
}

export function malformed(path: string, expected: string): ProtocolError {
  return new ProtocolError(`${path} is not ${expected}`)
}
