import { ALL, digest, INSERT, itemRows, SCHEMA } from '../rows.ts'
import type { Durability } from '../sides/side.ts'
import type { Work } from './work.ts'

const ROWS = 10_000
const SINGLE_ROWS = 1000

function singleRowTransactions(durability: Durability, timesFaster: number): Work {
  return {
    name: `${SINGLE_ROWS} local single-row transactions, synchronous=${durability.toUpperCase()}`,
    durability,
    rounds: 5,
    isQuick: false,
    async setUp(bench) {
      await (await bench.local(durability)).exec(SCHEMA)
    },
    async run(bench, round) {
      const db = await bench.local(durability)
      await db.runEach(INSERT, itemRows(1 + round * SINGLE_ROWS, SINGLE_ROWS), false)
    },
    async check(bench) {
      return digest(await (await bench.local(durability)).all(ALL))
    },
    target: { timesFaster },
  }
}

export const localWorks: readonly Work[] = [
  {
    name: `${ROWS} local inserts, one transaction`,
    durability: 'full',
    rounds: 7,
    isQuick: true,
    async setUp(bench) {
      await (await bench.local('full')).exec(SCHEMA)
    },
    async run(bench, round) {
      await (await bench.local('full')).runEach(INSERT, itemRows(1 + round * ROWS, ROWS), true)
    },
    async check(bench) {
      return digest(await (await bench.local('full')).all(ALL))
    },
    target: { timesFaster: 3 },
  },
  singleRowTransactions('full', 1.5),
  singleRowTransactions('normal', 1.2),
  {
    name: `${ROWS} local point reads`,
    durability: 'full',
    rounds: 7,
    isQuick: true,
    async setUp(bench) {
      const db = await bench.local('full')
      await db.exec(SCHEMA)
      await db.runEach(INSERT, itemRows(1, ROWS), true)
    },
    async run(bench) {
      const ids = Array.from({ length: ROWS }, (_, index) => 1 + ((index * 7919) % ROWS))
      await (await bench.local('full')).getEach('SELECT * FROM item WHERE id = ?', ids)
    },
    async check(bench) {
      return digest(await (await bench.local('full')).all(ALL))
    },
    target: { timesFaster: 5 },
  },
]
