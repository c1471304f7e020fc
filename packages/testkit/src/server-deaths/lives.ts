import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { connect } from '@tursodatabase/sync'

import { Violation } from '../simulator/checks.ts'
import type { Scene } from './scene.ts'

/** A part of a server's life, from its start to its end in good order, that is cut off at each of its steps. */
export interface Life {
  readonly name: string
  /** Of the server, as variables of its environment. */
  readonly settings?: Readonly<Record<string, string>>
  /** Nothing is there yet. Otherwise two clients have what {@link fill} makes. */
  readonly isFirst?: true
  /** What has been before. It leaves no server behind. */
  readonly prepare?: (scene: Scene) => Promise<void>
  /** Asks for nothing but by {@link Scene.ask}, and goes on until all has succeeded. */
  readonly run: (scene: Scene) => Promise<void>
}

const SCHEMA = 'CREATE TABLE entry (tag TEXT PRIMARY KEY, body); CREATE TABLE line (tag)'
/** Some pages. */
const MUCH = 20_000

/** Checkpoints all the time, and hardly any history is kept. */
const KEEPS_LITTLE = {
  TIDEMARK_CHECKPOINT_FRAMES: '4',
  TIDEMARK_HISTORY_BYTES: '1',
  TIDEMARK_HISTORY_SEGMENT_BYTES: '20000',
}

/** What a compaction has put out of use is still there. */
const DROPPING = 'server/src/history/history.ts: History.compact: log.dropBefore'
/** A segment of the history without its header. */
const BEGINNING = 'server/src/history/segmented-log.ts: SegmentedLog.begin: writeFully'
/** A database without its name. */
const NAMING = 'server/src/catalog/catalog.ts: Catalog.create: renameSync'

export const LIVES: readonly Life[] = [
  { name: 'first databases', isFirst: true, run: beginLife },
  { name: 'pushes, pulls and SQL of every dialect', run: speakAll },
  { name: 'pushes to a server that keeps little', settings: KEEPS_LITTLE, run: loseGenerations },
  { name: 'a backup in place of what was there', prepare: restoreBackup, run: exchange },
  { name: 'a history that was damaged while the server was down', prepare: damageEnd, run: exchange },
  { name: 'a history with a damaged page', prepare: damagePage, run: pullAndExchange },
  {
    name: 'a start after deaths in a compaction and in a creation',
    settings: KEEPS_LITTLE,
    prepare: dieInCompactionAndCreation,
    run: pullAndExchange,
  },
  {
    name: 'a start after a death as a segment began',
    settings: KEEPS_LITTLE,
    prepare: dieInPush(BEGINNING),
    run: pullAndExchange,
  },
]

async function beginLife(scene: Scene): Promise<void> {
  await fill(scene)
  await createAndDelete(scene)
}

/** Two clients have all that there is. */
export async function fill(scene: Scene): Promise<void> {
  const first = await scene.client('first')
  first.exec(SCHEMA)
  scene.write(first, 'first')
  await scene.ask(async () => first.push())
  const second = await scene.client('second')
  scene.write(second, 'second')
  await scene.ask(async () => second.sync())
  await scene.ask(async () => first.pull())
}

async function exchange(scene: Scene): Promise<void> {
  const [first, second] = [await scene.client('first'), await scene.client('second')]
  scene.write(first, 'first pushes', MUCH)
  await scene.ask(async () => first.push())
  await scene.ask(async () => second.pull())
  await scene.writeBySql('SQL')
  scene.write(second, 'second pushes')
  await scene.ask(async () => second.sync())
  scene.write(first, 'first syncs', MUCH)
  await scene.ask(async () => first.sync())
}

async function pullAndExchange(scene: Scene): Promise<void> {
  const second = await scene.client('second')
  await scene.ask(async () => second.pull())
  await exchange(scene)
}

/** Those that replicas of libSQL have been told of. */
async function loseGenerations(scene: Scene): Promise<void> {
  await serveLibsql(scene)
  await exchange(scene)
  await serveLibsql(scene)
}

async function speakAll(scene: Scene): Promise<void> {
  const first = await scene.client('first')
  scene.write(first, 'more than is written to the history at once', 400_000)
  await exchange(scene)
  await exchangeWithTurso(scene)
  await serveLibsql(scene)
}

async function exchangeWithTurso(scene: Scene): Promise<void> {
  const client = await scene.ask(async () =>
    connect({ path: join(scene.data, '../turso.db'), url: scene.database }),
  )
  try {
    for (const tag of ['Turso', 'Turso again']) {
      await client.exec(
        `BEGIN; INSERT INTO entry VALUES ('${tag}', 'x'); INSERT INTO line VALUES ('${tag}'); COMMIT`,
      )
      scene.note(tag)
      await scene.ask(async () => client.push())
      await scene.ask(async () => client.pull())
    }
  } finally {
    await client.close()
  }
}

async function createAndDelete(scene: Scene): Promise<void> {
  const names = async (): Promise<string> => (await scene.ask(async () => databases(scene))).join(' ')
  const expect = async (expected: string): Promise<void> => {
    const found = await names()
    if (found !== expected) throw new Violation(`the databases are ${found}, and not ${expected}`)
  }
  await scene.ask(async () => admin(scene, 'POST', '', [201, 409]))
  await expect('it other')
  await scene.ask(async () => admin(scene, 'DELETE', '/other', [204, 404]))
  await expect('it')
  await scene.ask(async () => admin(scene, 'POST', '', [201, 409]))
  await expect('it other')
}

/**
 * Asks the admin API about the database `other`; what was done before and not answered is told by the second
 * of `statuses`.
 */
async function admin(
  scene: Scene,
  method: 'POST' | 'DELETE',
  path: string,
  statuses: readonly [number, number],
): Promise<void> {
  const body = method === 'POST' ? { body: JSON.stringify({ name: 'other' }) } : {}
  const response = await fetch(`${scene.url}/admin/v1/databases${path}`, { method, ...body })
  const text = await response.text()
  const isDone = response.status === statuses[0] || (scene.died > 0 && response.status === statuses[1])
  if (!isDone) throw new Violation(`${method} of a database: ${response.status} ${text}`)
}

async function databases(scene: Scene): Promise<string[]> {
  const response = await fetch(`${scene.url}/admin/v1/databases`)
  const answer = (await response.json()) as { readonly databases: readonly { readonly name: string }[] }
  return answer.databases.map(({ name }) => name)
}

/** Clients have pushed and not pulled since the backup, so that all of it is theirs to push again. */
async function restoreBackup(scene: Scene): Promise<void> {
  const backup = `${scene.data}-backup`
  scene.copy(scene.data, backup)
  await scene.start()
  for (const name of ['first', 'second']) await pushFrom(scene, name)
  await scene.stop()
  scene.copy(backup, scene.data)
}

async function damageEnd(scene: Scene): Promise<void> {
  changeHistory(scene, (bytes) => bytes.length - 10)
}

/** One that the second client has yet to pull. */
async function damagePage(scene: Scene): Promise<void> {
  await scene.start()
  await pushFrom(scene, 'first')
  await scene.stop()
  changeHistory(scene, (bytes) => bytes.lastIndexOf('first before'))
}

async function dieInCompactionAndCreation(scene: Scene): Promise<void> {
  await dieInPush(DROPPING)(scene)
  await scene.dieAt('main', NAMING, async () => admin(scene, 'POST', '', [201, 409]))
}

function dieInPush(site: string): (scene: Scene) => Promise<void> {
  return async (scene) => scene.dieAt('worker', site, async () => pushFrom(scene, 'first'))
}

async function pushFrom(scene: Scene, name: string): Promise<void> {
  const client = await scene.client(name)
  scene.write(client, `${name} before`, MUCH)
  await client.push()
}

/** Turns a bit of the newest part of the history around. */
function changeHistory(scene: Scene, placeIn: (bytes: Buffer) => number): void {
  const [id] = readdirSync(join(scene.data, 'databases'))
  const history = join(scene.data, 'databases', id!, 'history')
  const path = join(history, readdirSync(history).toSorted().at(-1)!)
  const bytes = readFileSync(path)
  bytes[placeIn(bytes)]! ^= 1
  writeFileSync(path, bytes)
}

/** What its embedded replicas ask for first: the newest generation, then its file. */
async function serveLibsql(scene: Scene): Promise<void> {
  for (const path of ['/info', '/export/1', '/sync/1/1/2']) {
    await scene.ask(async () => {
      const response = await fetch(scene.database + path)
      await response.arrayBuffer()
      if (response.status >= 500) throw new Error(`${path}: ${response.status}`)
    })
  }
}
