import { PROTOCOL_LIMITS } from '../limits.ts'
import type { HranaCursorRequest, HranaPipelineRequest, HranaRequest } from './hrana-types.ts'
import {
  malformed,
  optionalArray,
  requireInt32,
  requireObject,
  requireSql,
  requireString,
} from './json-fields.ts'
import { BatchBudget, parseBatch } from './parse-batch.ts'
import { parseSqlReference, parseStatement } from './parse-statement.ts'

/** Checks the parsed JSON of `POST /v2/pipeline` and `/v3/pipeline`. @throws ProtocolError, LimitError */
export function parsePipelineRequest(body: unknown): HranaPipelineRequest {
  const object = requireObject(body, 'body')
  const requests = optionalArray(object['requests'], PROTOCOL_LIMITS.hranaRequests, 'requests')
  const budget = new BatchBudget()
  return {
    baton: parseBaton(object['baton']),
    requests: requests.map((request, i) => parseRequest(request, `requests[${i}]`, budget)),
  }
}

/** Checks the parsed JSON of `POST /v3/cursor`. @throws ProtocolError, LimitError */
export function parseCursorRequest(body: unknown): HranaCursorRequest {
  const object = requireObject(body, 'body')
  return {
    baton: parseBaton(object['baton']),
    batch: parseBatch(object['batch'], 'batch', new BatchBudget()),
  }
}

function parseBaton(value: unknown): string | null {
  return value === undefined || value === null ? null : requireString(value, 'baton')
}

function parseRequest(value: unknown, path: string, budget: BatchBudget): HranaRequest {
  const object = requireObject(value, path)
  switch (object['type']) {
    case 'execute':
      return { type: 'execute', stmt: parseStatement(object['stmt'], `${path}.stmt`) }
    case 'batch':
      return { type: 'batch', batch: parseBatch(object['batch'], `${path}.batch`, budget) }
    case 'sequence':
      return { type: 'sequence', ...parseSqlReference(object, path) }
    case 'describe':
      return { type: 'describe', ...parseSqlReference(object, path) }
    case 'store_sql': {
      const sqlId = requireInt32(object['sql_id'], `${path}.sql_id`)
      return { type: 'store_sql', sql_id: sqlId, sql: requireSql(object['sql'], `${path}.sql`) }
    }
    case 'close_sql':
      return { type: 'close_sql', sql_id: requireInt32(object['sql_id'], `${path}.sql_id`) }
    case 'get_autocommit':
      return { type: 'get_autocommit' }
    case 'close':
      return { type: 'close' }
    default:
      throw malformed(path, 'a request of a known type')
  }
}
