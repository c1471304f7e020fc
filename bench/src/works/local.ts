import { ALL, digest, INSERT, itemRows, SCHEMA } from '../rows.ts'
import type { SqlParameter } from '../rows.ts'
import type { Durability } from '../sides/side.ts'
import type { Bench, Work } from './work.ts'

const MANY = 10_000
const SINGLE = 1000

async function digestOfLocal(bench: Bench, durability: Durability): Promise<string> {
  return digest(await (await bench.local(durability)).all(ALL))
}

/** Inserts `count` rows, in one transaction or in one each. */
function inserts(
  name: string,
  count: number,
  inOneTransaction: boolean,
  durability: Durability,
  rest: Pick<Work, 'rounds' | 'isQuick' | 'target'>,
): Work {
  let rows: SqlParameter[][] = []
  return {
    name,
    durability,
    warmUps: 0,
    ...rest,
    async setUp(bench) {
      await (await bench.local(durability)).exec(SCHEMA)
    },
    async prepare(_, round) {
      rows = itemRows(1 + round * count, count)
    },
    async run(bench) {
      await (await bench.local(durability)).runEach(INSERT, rows, inOneTransaction)
    },
    check: (bench) => digestOfLocal(bench, durability),
  }
}

function singleRowTransactions(durability: Durability, rounds: number, timesFaster: number): Work {
  const name = `${SINGLE.toLocaleString('en')} local single-row transactions, synchronous=${durability.toUpperCase()}`
  return inserts(name, SINGLE, false, durability, { rounds, isQuick: false, target: { timesFaster } })
}

function pointReads(name: string, inOneTransaction: boolean, timesFaster: number | null): Work {
  const ids = Array.from({ length: MANY }, (_, index) => 1 + ((index * 7919) % MANY))
  return {
    name,
    durability: 'full',
    warmUps: 0,
    rounds: 12,
    isQuick: !inOneTransaction,
    async setUp(bench) {
      const db = await bench.local('full')
      await db.exec(SCHEMA)
      await db.runEach(INSERT, itemRows(1, MANY), true)
    },
    async run(bench) {
      await (await bench.local('full')).getEach('SELECT * FROM item WHERE id = ?', ids, inOneTransaction)
    },
    check: (bench) => digestOfLocal(bench, 'full'),
    target: timesFaster === null ? null : { timesFaster },
  }
}

export const localWorks: readonly Work[] = [
  inserts(`${MANY.toLocaleString('en')} local inserts, one transaction`, MANY, true, 'full', {
    rounds: 12,
    isQuick: true,
    target: { timesFaster: 3 },
  }),
  singleRowTransactions('full', 8, 1.5),
  singleRowTransactions('normal', 16, 1.2),
  pointReads(`${MANY.toLocaleString('en')} local point reads`, false, 5),
  pointReads(`${MANY.toLocaleString('en')} local point reads, one transaction`, true, null),
]
