/**
 * Opens and closes a database where the process may open a few files only and the disk is full, once for each
 * number of files that it may open. To be run with a small `ulimit -n`. Argument: an empty directory. Prints
 * what went wrong.
 */
import { closeSync, readdirSync } from 'node:fs'
import { Database } from '../src/database/database.ts'
import { History } from '../src/history/history.ts'
import { SETTINGS } from './database-settings.ts'
import { takeDescriptors } from './take-descriptors.ts'

const MOST = 16

const [directory] = process.argv.slice(2)
const append = Reflect.get<History, 'append'>(History.prototype, 'append')
const filesBefore = openFiles()
let rows = 0

async function open(): Promise<Database> {
  return Database.open(
    directory!,
    'ffeeddccbbaa99887766554433221100',
    { ...SETTINGS, lockWaitMs: 0 },
    {
      onRestart: (reason) => report(`history begins anew: ${reason}`),
      onProblem: () => {},
      onRecordDue: () => {},
      onCheckpointDue: () => {},
      onReadersInTheWay: () => {},
      onPanic: (error) => {
        report('panic')
        throw error
      },
    },
  )
}

function report(what: string): void {
  process.stdout.write(`${what}\n`)
}

/** A database with a commit that only the WAL has: there is no room for it in the history. */
async function openWithCommit(): Promise<Database> {
  History.prototype.append = append
  const database = await open()
  const connection = database.acquireConnection()
  database.history.beginEpoch()
  connection.exec('CREATE TABLE IF NOT EXISTS t (x)')
  database.recordCommits()
  connection.exec('INSERT INTO t VALUES (1)')
  rows += 1
  History.prototype.append = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  }
  return database
}

/** Runs `use` while `left` more files can be opened. */
async function withDescriptors(left: number, use: () => Promise<void> | void): Promise<void> {
  const taken = takeDescriptors()
  for (const descriptor of taken.splice(0, left)) closeSync(descriptor)
  try {
    await use()
  } finally {
    for (const descriptor of taken) closeSync(descriptor)
  }
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

async function expectWhole(when: string): Promise<void> {
  History.prototype.append = append
  const database = await open()
  const found = database.acquireConnection().prepare('SELECT count(*) FROM t').pluck().get()
  if (found !== rows) report(`${when}: ${String(found)} rows of ${rows}`)
  database.close()
  if (openFiles() !== filesBefore) report(`${when}: ${openFiles() - filesBefore} files were left open`)
}

for (let left = 0; left < MOST; left++) {
  const database = await openWithCommit()
  await withDescriptors(left, () => database.close())
  await expectWhole(`closed with ${left}`)

  const another = await openWithCommit()
  another.close()
  await withDescriptors(left, async () => {
    await open().then(
      (opened) => {
        report(`opened with ${left}`)
        opened.close()
      },
      () => {},
    )
  })
  await expectWhole(`opened with ${left}`)
}
