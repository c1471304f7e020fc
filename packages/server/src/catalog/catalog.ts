import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { StateError } from '@tidemark/protocol'
import { z } from 'zod'
import { databaseNameSchema } from '../config/config-schema.ts'
import { DatabaseExistsError, DatabaseNameError, DatabaseNotFoundError } from './catalog-error.ts'
import { makeDirectory, syncDirectory } from './make-directory.ts'

/** `database.json` in a database's directory. The id is the directory's name, and is in the history's files too. */
const recordSchema = z.object({
  format: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  name: databaseNameSchema,
  createdAt: z.iso.datetime(),
})

export interface CatalogEntry {
  readonly id: string
  readonly name: string
  /** ISO 8601. */
  readonly createdAt: string
  readonly directory: string
}

const RECORD = 'database.json'
const UNFINISHED = '.new-'
const DESTROYED = '.destroyed-'

/**
 * Which databases there are. Each is a directory under a random id that never changes and is never used
 * again. Creating and destroying is one rename: after a crash a database is there, whole, or it is not.
 */
export class Catalog {
  readonly #directory: string
  readonly #entries: Map<string, CatalogEntry>
  readonly #retired = new Map<string, CatalogEntry>()

  private constructor(directory: string, entries: Map<string, CatalogEntry>) {
    this.#directory = directory
    this.#entries = entries
  }

  /**
   * Reads the catalog and clears away what a crash left unfinished.
   *
   * @throws StateError `TIDEMARK_CATALOG` for what cannot be read
   */
  static open(dataDirectory: string): Catalog {
    const directory = join(dataDirectory, 'databases')
    makeDirectory(directory)
    const entries = new Map<string, CatalogEntry>()
    for (const name of readdirSync(directory)) {
      const path = join(directory, name)
      if (name.startsWith(UNFINISHED) || name.startsWith(DESTROYED)) {
        rmSync(path, { recursive: true, force: true })
        continue
      }
      const entry = readEntry(path, name)
      if (entries.has(entry.name))
        throw catalogError(path, `${entry.name} is the name of another database too`)
      entries.set(entry.name, entry)
    }
    return new Catalog(directory, entries)
  }

  get size(): number {
    return this.#entries.size
  }

  /** In order of their names. */
  list(): CatalogEntry[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** @throws DatabaseNameError; DatabaseNotFoundError */
  get(name: string): CatalogEntry {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw new DatabaseNotFoundError(checkName(name))
    return entry
  }

  /** False once the database is being deleted, also where another one has its name. */
  isServed({ id, name }: Pick<CatalogEntry, 'id' | 'name'>): boolean {
    return this.#entries.get(name)?.id === id
  }

  has(name: string): boolean {
    return this.#entries.has(name) || this.#retired.has(name)
  }

  /** On disk when this returns. @throws DatabaseNameError; DatabaseExistsError */
  create(name: string): CatalogEntry {
    if (this.#entries.has(checkName(name)) || this.#retired.has(name)) throw new DatabaseExistsError(name)
    const id = randomBytes(16).toString('hex')
    const createdAt = new Date().toISOString()
    const unfinished = join(this.#directory, UNFINISHED + id)
    const directory = join(this.#directory, id)
    try {
      mkdirSync(unfinished, { mode: 0o700 })
      const record = { format: 1, id, name, createdAt }
      writeDurably(join(unfinished, RECORD), `${JSON.stringify(record, null, 2)}\n`)
      syncDirectory(unfinished)
      renameSync(unfinished, directory)
      syncDirectory(this.#directory)
    } catch (error) {
      // Once another one has the name, the next start would find two.
      if (existsSync(directory)) renameSync(directory, unfinished)
      rmSync(unfinished, { recursive: true, force: true })
      throw error
    }
    const entry = { id, name, createdAt, directory }
    this.#entries.set(name, entry)
    return entry
  }

  /**
   * From now on nobody finds the database, and its name is not free yet. It is to be closed, then destroyed,
   * or else reinstated.
   *
   * @throws DatabaseNotFoundError
   */
  retire(name: string): CatalogEntry {
    const entry = this.get(name)
    this.#entries.delete(name)
    this.#retired.set(name, entry)
    return entry
  }

  /** A retired database that is not destroyed is there again. */
  reinstate(entry: CatalogEntry): void {
    if (this.#retired.delete(entry.name)) this.#entries.set(entry.name, entry)
  }

  /** Deletes a retired database, which nobody may have open. */
  destroy(entry: CatalogEntry): void {
    const destroyed = join(this.#directory, DESTROYED + entry.id)
    // Somebody may have deleted it by hand.
    if (existsSync(entry.directory)) renameSync(entry.directory, destroyed)
    this.#retired.delete(entry.name)
    syncDirectory(this.#directory)
    rmSync(destroyed, { recursive: true, force: true })
  }
}

function readEntry(directory: string, id: string): CatalogEntry {
  const path = join(directory, RECORD)
  if (!existsSync(path)) throw catalogError(path, 'it is missing')
  try {
    const record = recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
    if (record.id !== id) throw catalogError(path, `it is that of ${record.id}`)
    return { id, name: record.name, createdAt: record.createdAt, directory }
  } catch (error) {
    if (error instanceof StateError) throw error
    throw catalogError(path, error instanceof z.ZodError ? z.prettifyError(error) : String(error))
  }
}

function checkName(name: string): string {
  if (!databaseNameSchema.safeParse(name).success) throw new DatabaseNameError(name)
  return name
}

function catalogError(path: string, what: string): StateError {
  return new StateError('TIDEMARK_CATALOG', `${path}: ${what}`, { recovery: 'operator' })
}

function writeDurably(path: string, content: string): void {
  const descriptor = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
