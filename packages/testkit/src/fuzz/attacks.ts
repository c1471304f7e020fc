import type { Random } from '../simulator/random.ts'
import type { Attack, Scene, Sendable } from './attack.ts'
import { capturedRequests } from './captured-requests.ts'
import { hostilePush } from './hostile-push.ts'
import { hostileSelector } from './hostile-selector.ts'
import { hostileSql } from './hostile-sql.ts'
import { mutateBytes, randomBytes } from './mutate-bytes.ts'
import { mutateJson } from './mutate-json.ts'
import type { Json } from './mutate-json.ts'
import { resealPush } from './sealed-push.ts'
import { HASHES_REQUEST, PULL_REQUESTS, pullRequest, push, PUSH_RESPONSES } from './valid-messages.ts'

type Maker = (random: Random, scene: Scene) => Attack

const CAPTURED = capturedRequests().filter(({ method }) => method === 'POST')
const CAPTURED_SQL = CAPTURED.filter(({ path }) => /pipeline|cursor/.test(path))
const OTHERS = [...PULL_REQUESTS, ...PUSH_RESPONSES, HASHES_REQUEST, push()]
const PROTOBUF = { 'content-type': 'application/protobuf' }
const NAMES = [
  '../x',
  '..%2fx',
  '%2e%2e',
  '%2e%2e%2f%2e%2e',
  '.',
  '',
  'UPPER',
  'a'.repeat(64),
  'a'.repeat(3000),
  'x%00y',
  'con',
  '-x',
  'ü',
  'x;y',
  'x%20y',
  '%',
  '%ff',
  '__proto__',
  'constructor',
  'a%2fb',
  "x'--",
]

const MAKERS: Readonly<Record<string, Maker>> = {
  pull(random, { database, revision }) {
    const valid = random.chance(50) ? random.pick(PULL_REQUESTS) : pullRequest({ clientRevision: revision })
    const headers: Record<string, string> = random.chance(50) ? { 'tidemark-dialect': '1' } : {}
    return post('a damaged pull request', database, '/pull-updates', mutateBytes(valid, OTHERS, random), {
      headers,
    })
  },
  selector: (random, { database, revision }) =>
    post(
      'a hostile page selector',
      database,
      '/pull-updates',
      pullRequest({
        encoding: 'raw',
        pageSelector: hostileSelector(random),
        clientRevision: random.pick(['', revision]),
      }),
    ),
  query: (random, { database, outside }) =>
    post(
      'a hostile query that selects pages',
      database,
      '/pull-updates',
      pullRequest({ encoding: 'raw', serverQuery: hostileSql(outside, random) }),
    ),
  revision: (random, { database, revision }) =>
    post(
      'a revision that is none',
      database,
      '/pull-updates',
      pullRequest({
        clientRevision: random.pick([
          '',
          revision,
          `${revision}0`,
          '0.0',
          'x'.repeat(1000),
          revision.replace('.', '.-'),
        ]),
        serverRevision: random.pick([
          '',
          revision,
          `${revision}9`,
          '\u0000',
          `${revision.split('.')[0]}.18446744073709551616`,
        ]),
      }),
      { headers: { 'tidemark-dialect': '1' } },
    ),
  damagedPush: (random, { database }) =>
    post('a damaged push', database, '/push-changes', mutateBytes(push(), OTHERS, random), {
      mayWrite: true,
    }),
  sealedPush(random, { database }) {
    const body = resealPush(
      push(undefined, { pushId: randomBytes(random, 16), clientId: `c${random.next()}` }),
      {
        header: (bytes) => (random.chance(20) ? mutateBytes(bytes, OTHERS, random) : bytes),
        block: (raw) => mutateBytes(raw, OTHERS, random),
      },
    )
    return post('a push damaged below its checksums', database, '/push-changes', body, { mayWrite: true })
  },
  hostilePush: (random, { database, outside }) =>
    post('a push of what nobody captured', database, '/push-changes', hostilePush(random, outside), {
      mayWrite: true,
    }),
  hashes: (random, { database }) =>
    post(
      'a damaged request for page hashes',
      database,
      '/page-hashes',
      mutateBytes(HASHES_REQUEST, OTHERS, random),
    ),
  captured(random, { database }) {
    const { path, body } = random.pick(CAPTURED_SQL)
    const url = random.chance(70) ? path : random.pick(['/v2/pipeline', '/v3/pipeline', '/v3/cursor'])
    return post('a damaged SQL request', database, url, mutateJson(body, random), { mayWrite: true })
  },
  sql(random, { database, outside }) {
    const sql = hostileSql(outside, random)
    const [path, body] = sqlRequest(sql, random)
    return post(`SQL: ${sql.slice(0, 120)}`, database, path, JSON.stringify(body), { mayWrite: true })
  },
  crossed(random, { database }) {
    const { body } = random.pick(CAPTURED)
    const path = random.pick(['/pull-updates', '/push-changes', '/page-hashes', '/v3/cursor', '/v2/pipeline'])
    const bytes = typeof body === 'string' ? Buffer.from(body, 'base64') : JSON.stringify(body)
    return post('a request of another endpoint', database, path, bytes, { mayWrite: true })
  },
  get(random, { database }) {
    const number = random.pick([
      '0',
      '1',
      '2',
      '-1',
      '1e9',
      '4294967295',
      '4294967296',
      '99999999999',
      'x',
      '%31',
      '1.5',
      '',
    ])
    const path = random.pick([
      `/info`,
      `/export/${number}`,
      `/sync/1/${number}/9`,
      `/sync/${number}/1/${number}`,
      '/tidemark',
      '/v2',
      '/v3',
      '/v3-protobuf',
    ])
    return plain('an odd GET', 'GET', `/db/${database}${path}`)
  },
  name(random) {
    const path = random.pick([
      '/tidemark',
      '/info',
      '/pull-updates',
      '/v2/pipeline',
      '/export/1',
      '/../../health',
    ])
    return plain('an odd name', random.pick(['GET', 'POST']), `/db/${random.pick(NAMES)}${path}`)
  },
  method(random, { database }) {
    const method = random.pick([
      'PUT',
      'DELETE',
      'PATCH',
      'OPTIONS',
      'HEAD',
      'TRACE',
      'PROPFIND',
      'CONNECT',
      'GET',
    ])
    const path = random.pick(['/pull-updates', '/push-changes', '/v3/cursor', '/export/1', ''])
    return plain(
      'a wrong method',
      method,
      random.chance(80) ? `/db/${database}${path}` : random.pick(['/health', '/metrics', '/']),
    )
  },
  admin(random) {
    const name = random.pick(NAMES)
    const body = mutateJson({ name: random.pick(NAMES), at: 'x', from: { database: 'neighbour' } }, random)
    const path = random.pick([
      '/admin/v1/databases',
      `/admin/v1/databases/${name}`,
      '/admin/v1/tokens',
      '/admin/v1/',
      '/admin/v1/databases/x/fork',
    ])
    return {
      ...plain('an odd admin request', random.pick(['GET', 'POST', 'PUT']), path, body),
      mayWrite: false,
    }
  },
  plain: (random) =>
    plain(
      'a GET',
      'GET',
      random.pick([
        '/health',
        '/health/ready',
        '/health/x',
        '/metrics',
        '/',
        '//',
        '/db',
        '/db/',
        '/favicon.ico',
      ]),
    ),
  headers(random, { database }) {
    const headers: Record<string, string> = random.pick<Record<string, string>>([
      { 'x-large': 'x'.repeat(random.pick([15_000, 17_000, 100_000])) },
      { authorization: `Bearer ${'e30.'.repeat(2000)}` },
      { host: '../../etc' },
      { host: `${'a.'.repeat(500)}localhost` },
      { 'content-encoding': 'gzip' },
      { expect: '100-continue' },
      { expect: 'the worst' },
      { 'content-type': 'multipart/form-data; boundary=x' },
      { 'tidemark-dialect': '999' },
      { range: 'bytes=0-,1-,2-' },
      { upgrade: 'websocket', connection: 'upgrade' },
    ])
    return post(
      'odd headers',
      database,
      random.pick(['/pull-updates', '/v2/pipeline', '/push-changes']),
      random.pick(OTHERS),
      { headers, mayWrite: true },
    )
  },
  socket(random, { database }) {
    const send = socketAttack(random, database)
    return { what: `an odd connection: ${JSON.stringify(send).slice(0, 300)}`, mayWrite: true, send }
  },
}

const WEIGHTS: Readonly<Record<string, number>> = {
  pull: 12,
  selector: 6,
  query: 3,
  revision: 6,
  damagedPush: 8,
  sealedPush: 12,
  hostilePush: 8,
  hashes: 5,
  captured: 14,
  sql: 8,
  crossed: 5,
  get: 6,
  name: 6,
  method: 4,
  admin: 5,
  plain: 2,
  headers: 4,
  socket: 5,
}

export function makeAttack(random: Random, scene: Scene): Attack {
  return MAKERS[random.weighted(WEIGHTS)]!(random, scene)
}

function post(
  what: string,
  database: string,
  path: string,
  body: Uint8Array | string,
  options: { readonly mayWrite?: boolean; readonly headers?: Readonly<Record<string, string>> } = {},
): Attack {
  const headers = {
    ...(typeof body === 'string' ? { 'content-type': 'application/json' } : PROTOBUF),
    ...options.headers,
  }
  return {
    what: `${what} at ${path}`,
    mayWrite: options.mayWrite ?? false,
    send: { kind: 'http', method: 'POST', path: `/db/${database}${path}`, headers, body },
  }
}

function plain(what: string, method: string, path: string, body = ''): Attack {
  const start = `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
  const send: Sendable = { kind: 'socket', pieces: [start, body], pauseMs: 0, ending: 'wait' }
  return { what: `${what}: ${method} ${path.slice(0, 100)}`, mayWrite: false, send }
}

function sqlRequest(sql: string, random: Random): readonly [string, Json] {
  const stmt = { sql, want_rows: true }
  const close = { type: 'close' }
  switch (random.below(5)) {
    case 0:
      return ['/v3/cursor', { batch: { steps: [{ stmt }] } }]
    case 1:
      return ['/v3/pipeline', { requests: [{ type: 'sequence', sql }, close] }]
    case 2:
      return ['/v3/pipeline', { requests: [{ type: 'describe', sql }, close] }]
    case 3:
      return ['/v2/pipeline', { requests: [{ type: 'batch', batch: { steps: [{ stmt }, { stmt }] } }] }]
    default:
      return ['/v2/pipeline', { requests: [{ type: 'execute', stmt }, close] }]
  }
}

function socketAttack(random: Random, database: string): Sendable {
  const path = random.pick(['/pull-updates', '/push-changes', '/v2/pipeline', '/page-hashes'])
  const start = `POST /db/${database}${path} HTTP/1.1\r\nhost: localhost\r\n`
  const body = random.pick(OTHERS)
  const ending = random.pick(['wait', 'half-close', 'reset'] as const)
  const half = body.subarray(0, body.byteLength >>> 1)
  const fixed = `${start}content-length: ${body.byteLength}\r\n\r\n`
  const chunked = `${start}transfer-encoding: chunked\r\n\r\n`
  const pieces = random.pick<readonly (Uint8Array | string)[]>([
    [fixed, half],
    [fixed, ...Array.from({ length: 10 }, (_, i) => body.subarray(i, i + 1))],
    [fixed],
    [`${start}content-length: 99999999999\r\n\r\n`, half],
    [`${start}content-length: -1\r\n\r\n`],
    [`${start}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`],
    [`${start}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    [chunked, 'zz\r\nhello\r\n0\r\n\r\n'],
    [chunked, 'ffffffffffffffff\r\n', half],
    [chunked, '5\r\nhel'],
    [chunked, `5;${'x'.repeat(30_000)}\r\nhello\r\n0\r\n\r\n`],
    [chunked, '1\r\na\r\n'.repeat(5000), '0\r\n\r\n'],
    [randomBytes(random, 500)],
    ['GET / HTTP/9.9\r\n\r\n'],
    ['GET /health HTTP/1.1\r\n'.repeat(100)],
    [`GET /health HTTP/1.1\r\n${'x: y\r\n'.repeat(3000)}\r\n`],
    ['GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(50)],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])
  return { kind: 'socket', pieces, pauseMs: random.pick([0, 0, 5]), ending }
}
