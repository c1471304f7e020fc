import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { BusyError } from '@tidemark/protocol'
import { pino } from 'pino'
import type { Logger } from 'pino'
import { Authority } from './auth/authority.ts'
import { Catalog } from './catalog/catalog.ts'
import { makeDirectory } from './catalog/make-directory.ts'
import { parseConfig } from './config/load-config.ts'
import type { ServerConfig } from './config/server-config.ts'
import { lockDirectory } from './database/database-lock.ts'
import { BodyMemory } from './http/body-memory.ts'
import { buildApp } from './http/build-app.ts'
import { workerSettings } from './worker/worker-settings-of.ts'
import { WorkerPool } from './worker/worker-pool.ts'

export interface TidemarkServer {
  /**
   * Takes the data directory, starts the workers and listens.
   *
   * @returns the address that was taken
   * @throws BusyError when another server has the directory; StateError `TIDEMARK_CATALOG`; the system's
   * error when the address cannot be taken
   */
  listen(): Promise<{ readonly host: string; readonly port: number }>
  /** Stops listening, lets requests under way finish within `shutdownGraceMs`, closes all databases. */
  close(): Promise<void>
}

/** How long a server that is ending may keep the data directory. */
const LOCK_WAIT_MS = 2000

/**
 * A server, which does nothing until {@link TidemarkServer.listen}.
 *
 * @param config settings that differ from their defaults
 * @throws StateError `TIDEMARK_CONFIG`
 */
export function createServer(config: Partial<ServerConfig>): TidemarkServer {
  const complete = parseConfig(config)
  let running: Running | null = null
  return {
    async listen() {
      running = await start(complete)
      return running.address
    },
    async close() {
      await running?.close()
      running = null
    },
  }
}

interface Running {
  readonly address: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

async function start(config: ServerConfig): Promise<Running> {
  makeDirectory(config.data)
  const unlock = await lockData(config.data)
  const closers: (() => Promise<void> | void)[] = [unlock]
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  try {
    const log = logger(config)
    const catalog = Catalog.open(config.data)
    const spoolDirectory = join(config.data, 'spool')
    rmSync(spoolDirectory, { recursive: true, force: true })
    mkdirSync(spoolDirectory, { mode: 0o700 })
    const authority = await Authority.create(config)
    const pool = new WorkerPool(
      config.workers,
      workerSettings(config),
      (database) => catalog.isServed(database),
      ({ level, message, ...fields }) => log[level](fields, message),
    )
    closers.push(async () => pool.close(config.shutdownGraceMs))
    const app = buildApp({
      config,
      catalog,
      authority,
      pool,
      log,
      bodyMemory: new BodyMemory(config.maxBodyMemoryBytes),
      spoolDirectory,
    })
    closers.push(async () => {
      const timer = setTimeout(() => app.server.closeAllConnections(), config.shutdownGraceMs)
      // A worker may be in the middle of a statement, and is not waited for.
      void pool.drain()
      await app.close()
      clearTimeout(timer)
    })
    if (config.rootDatabase !== null && !catalog.has(config.rootDatabase)) catalog.create(config.rootDatabase)
    await app.listen({ host: config.host, port: config.port })
    const { address: host, port } = app.server.address() as { address: string; port: number }
    log.info({ host, port, databases: catalog.list().length, needsTokens: !authority.isOpen }, 'listening')
    return { address: { host, port }, close: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** @throws BusyError where another server has the directory; StateError where there can be no lock in it */
async function lockData(data: string): Promise<() => void> {
  try {
    return await lockDirectory(join(data, 'lock'), LOCK_WAIT_MS)
  } catch (error) {
    if (!(error instanceof BusyError)) throw error
    throw new BusyError(`A server that runs has ${data} (its lock is held): ask that one, or stop it`, {
      cause: error,
    })
  }
}

function logger({ logLevel, logStream }: ServerConfig): Logger {
  return logStream === null ? pino({ level: 'silent' }) : pino({ level: logLevel, base: null }, logStream)
}
