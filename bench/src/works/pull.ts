import { ALL, digest, INSERT, itemRows, randomNumbers, SCHEMA } from '../rows.ts'
import { shortRequest } from './short-request.ts'
import type { Bench, Work } from './work.ts'

const MANY = 10_000
const UPDATED = 1000
const TOTAL = 11_000
const BOOTSTRAP_BYTES = 60_000_000
const ROW_BYTES = 115
const ROWS_PER_PUSH = 50_000
/** A bootstrap is checked by every such row. */
const SAMPLED = 29

/** A database with `count` items, and a reader that has them. */
function itemsAndReader(count: number) {
  return async (bench: Bench): Promise<void> => {
    const writer = await bench.replica('writer')
    await writer.exec(SCHEMA)
    await writer.push()
    for (let first = 1; first <= count; first += ROWS_PER_PUSH)
      await writeAndPush(bench, first, Math.min(ROWS_PER_PUSH, count - first + 1))
    await writer.pull()
    await (await bench.replica('reader')).pull()
  }
}

async function pullAtReader(bench: Bench): Promise<void> {
  await (await bench.replica('reader')).pull()
}

async function digestOfReader(bench: Bench): Promise<string> {
  return digest(await (await bench.replica('reader')).all(ALL))
}

async function writeAndPush(bench: Bench, firstId: number, count: number): Promise<void> {
  const writer = await bench.replica('writer')
  await writer.runEach(INSERT, itemRows(firstId, count), true)
  await writer.push()
}

export const pullWorks: readonly Work[] = [
  ...shortRequest({
    name: 'pull 1 inserted row',
    durability: 'full',
    setUp: itemsAndReader(1000),
    prepare: (bench, round) => writeAndPush(bench, 100_000 + round, 1),
    run: pullAtReader,
    check: digestOfReader,
    target: { timesFaster: 4, maxBytes: 300 },
  }),
  ...shortRequest({
    name: 'pull, nothing new',
    durability: 'full',
    setUp: itemsAndReader(1000),
    run: pullAtReader,
    check: digestOfReader,
    target: { timesFaster: 3 },
  }),
  {
    name: 'pull 1 inserted row while 1 is pending',
    durability: 'full',
    warmUps: 100,
    rounds: 30,
    isQuick: false,
    async setUp(bench) {
      await itemsAndReader(1000)(bench)
      const reader = await bench.replica('reader')
      await reader.runEach(INSERT, itemRows(900_000, 1), true)
    },
    prepare: (bench, round) => writeAndPush(bench, 100_000 + round, 1),
    run: pullAtReader,
    check: digestOfReader,
    target: null,
  },
  {
    name: `pull ${MANY.toLocaleString('en')} inserted rows`,
    durability: 'full',
    warmUps: 8,
    rounds: 12,
    isQuick: true,
    setUp: itemsAndReader(0),
    prepare: (bench, round) => writeAndPush(bench, 1 + round * MANY, MANY),
    run: pullAtReader,
    check: digestOfReader,
    target: { timesFaster: 1, timesFewerBytes: 2 },
  },
  {
    name: `pull ${UPDATED.toLocaleString('en')} random one-column updates of ${TOTAL.toLocaleString('en')} rows`,
    durability: 'full',
    warmUps: 8,
    rounds: 12,
    isQuick: true,
    setUp: itemsAndReader(TOTAL),
    async prepare(bench, round) {
      const random = randomNumbers(round)
      const updates = Array.from({ length: UPDATED }, () => [random() % 1_000_000, 1 + (random() % TOTAL)])
      const writer = await bench.replica('writer')
      await writer.runEach('UPDATE item SET amount = ? WHERE id = ?', updates, true)
      await writer.push()
    },
    run: pullAtReader,
    check: digestOfReader,
    target: { timesFaster: 1, timesFewerBytes: 5 },
  },
  {
    name: `the echo: pull after one's own push of ${MANY.toLocaleString('en')} rows`,
    durability: 'full',
    warmUps: 8,
    rounds: 8,
    isQuick: true,
    setUp: itemsAndReader(0),
    prepare: (bench, round) => writeAndPush(bench, 1 + round * MANY, MANY),
    async run(bench) {
      await (await bench.replica('writer')).pull()
    },
    async check(bench) {
      return digest(await (await bench.replica('writer')).all(ALL))
    },
    target: { timesFaster: null, timesFewerBytes: 10 },
  },
  {
    name: 'bootstrap 60 MB',
    durability: 'full',
    warmUps: 0,
    rounds: 6,
    isQuick: false,
    note: `The database is filled by pushes of ${ROWS_PER_PUSH.toLocaleString('en')} rows on both sides: Turso's client ends with a fatal error of V8 when it pushes all of them at once.`,
    setUp: itemsAndReader(Math.round(BOOTSTRAP_BYTES / ROW_BYTES)),
    prepare: (bench) => bench.forget('new'),
    async run(bench) {
      await bench.replica('new')
    },
    async check(bench) {
      const replica = await bench.replica('new')
      const sums = await replica.all('SELECT count(*), sum(amount), max(name), min(note) FROM item')
      const sample = await replica.all(`SELECT * FROM item WHERE id % ${SAMPLED} = 0 ORDER BY id`)
      return digest([...sums, ...sample])
    },
    target: { timesFaster: 1, timesFewerBytes: 1 / 0.6 },
  },
]
