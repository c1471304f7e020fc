import { ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import type { HranaNamedArg, HranaSqlReference, HranaStatement, HranaValue } from './hrana-types.ts'
import {
  malformed,
  optionalArray,
  requireInt32,
  requireObject,
  requireSql,
  requireString,
} from './json-fields.ts'

/** @throws ProtocolError, LimitError if `value` is not a statement */
export function parseStatement(value: unknown, path: string): HranaStatement {
  const object = requireObject(value, path)
  const wantRows = object['want_rows'] ?? true
  if (typeof wantRows !== 'boolean') throw malformed(`${path}.want_rows`, 'a boolean')
  const args = optionalArray(object['args'], PROTOCOL_LIMITS.hranaArguments, `${path}.args`)
  const namedArgs = optionalArray(object['named_args'], PROTOCOL_LIMITS.hranaArguments, `${path}.named_args`)
  return {
    ...parseSqlReference(object, path),
    args: args.map((arg) => parseHranaValue(arg, `${path}.args`)),
    named_args: namedArgs.map((arg) => parseNamedArg(arg, `${path}.named_args`)),
    want_rows: wantRows,
  }
}

/** The fields `sql` and `sql_id` of an object. @throws ProtocolError unless exactly one of them is set */
export function parseSqlReference(value: unknown, path: string): HranaSqlReference {
  const object = requireObject(value, path)
  const sql = object['sql'] ?? null
  const sqlId = object['sql_id'] ?? null
  if ((sql === null) === (sqlId === null)) {
    throw new ProtocolError(`${path} has not exactly one of sql and sql_id`)
  }
  return {
    sql: sql === null ? null : requireSql(sql, `${path}.sql`),
    sql_id: sqlId === null ? null : requireInt32(sqlId, `${path}.sql_id`),
  }
}

/** Checks the form; whether an integer or a blob can be converted is seen by fromHranaValue. @throws ProtocolError */
export function parseHranaValue(value: unknown, path: string): HranaValue {
  const object = requireObject(value, path)
  switch (object['type']) {
    case 'null':
      return { type: 'null' }
    case 'integer':
      return { type: 'integer', value: requireString(object['value'], path) }
    case 'float': {
      const number = object['value'] ?? null
      if (number !== null && typeof number !== 'number') throw malformed(path, 'a number')
      return { type: 'float', value: number }
    }
    case 'text':
      return { type: 'text', value: requireString(object['value'], path) }
    case 'blob':
      return { type: 'blob', base64: requireString(object['base64'], path) }
    default:
      throw malformed(path, 'a value of a known type')
  }
}

function parseNamedArg(value: unknown, path: string): HranaNamedArg {
  const object = requireObject(value, path)
  return {
    name: requireString(object['name'], `${path}.name`),
    value: parseHranaValue(object['value'], path),
  }
}
