import { ALL, digest, halfRandomBlobs, INSERT, itemRows, SCHEMA } from '../rows.ts'
import { shortRequest } from './short-request.ts'
import type { Bench, Work } from './work.ts'

const MANY = 10_000
const BLOBS = 500
const BLOB_BYTES = 100_000

/** What a new replica of the server sees. */
async function digestOfServer(bench: Bench, sql: string): Promise<string> {
  const fresh = await bench.replica('fresh')
  const rows = digest(await fresh.all(sql))
  await bench.forget('fresh')
  return rows
}

async function createItems(bench: Bench): Promise<void> {
  const writer = await bench.replica('writer')
  await writer.exec(SCHEMA)
  await writer.push()
  await writer.pull()
}

export const pushWorks: readonly Work[] = [
  ...shortRequest({
    name: 'push 1 row',
    durability: 'full',
    setUp: createItems,
    async prepare(bench, round) {
      await (await bench.replica('writer')).runEach(INSERT, itemRows(1 + round, 1), true)
    },
    async run(bench) {
      await (await bench.replica('writer')).push()
    },
    check: (bench) => digestOfServer(bench, ALL),
    target: { timesFaster: 4, maxBytes: 400 },
  }),
  {
    name: `push ${MANY.toLocaleString('en')} rows`,
    durability: 'full',
    warmUps: 8,
    rounds: 10,
    isQuick: true,
    setUp: createItems,
    async prepare(bench, round) {
      await (await bench.replica('writer')).runEach(INSERT, itemRows(1 + round * MANY, MANY), true)
    },
    async run(bench) {
      await (await bench.replica('writer')).push()
    },
    check: (bench) => digestOfServer(bench, ALL),
    target: { timesFaster: 15, timesFewerBytes: 15 },
  },
  {
    name: 'push 50 MB of half-random blobs',
    durability: 'full',
    warmUps: 1,
    rounds: 4,
    isQuick: false,
    async setUp(bench) {
      const writer = await bench.replica('writer')
      await writer.exec('CREATE TABLE chunk (id INTEGER PRIMARY KEY, bytes BLOB)')
      await writer.push()
    },
    async prepare(bench, round) {
      const blobs = halfRandomBlobs(round, BLOBS, BLOB_BYTES)
      const writer = await bench.replica('writer')
      await writer.runEach(
        'INSERT INTO chunk (bytes) VALUES (?)',
        blobs.map((blob) => [blob]),
        true,
      )
    },
    async run(bench) {
      await (await bench.replica('writer')).push()
    },
    check: (bench) => digestOfServer(bench, 'SELECT * FROM chunk ORDER BY id'),
    target: { timesFaster: 20 },
  },
]
