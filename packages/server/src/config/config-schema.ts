import { availableParallelism } from 'node:os'
import type { Writable } from 'node:stream'
import { PAGE_SIZE } from '@tidemark/protocol'
import { z } from 'zod'
import { isLoopback } from './server-config.ts'
import type { ServerConfig } from './server-config.ts'

const MIB = 1024 * 1024
const MAX_WORKERS_BY_DEFAULT = 8

const bytes = (initial: number): z.ZodDefault<z.ZodNumber> => z.number().int().positive().default(initial)
/** Timers take no more, and fire at once for it. */
const MAX_MS = 2 ** 31 - 1
const milliseconds = (initial: number): z.ZodDefault<z.ZodNumber> =>
  z.number().int().nonnegative().max(MAX_MS).default(initial)
const count = (initial: number): z.ZodDefault<z.ZodNumber> => z.number().int().positive().default(initial)

const words = z.preprocess(
  (value) => (typeof value === 'string' && !value.trimStart().startsWith('[') ? wordsOf(value) : value),
  z.array(z.string()),
)

function wordsOf(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean)
}

/** Database names; also the first label of a host name. */
export const databaseNameSchema: z.ZodType<string> = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/)

const settings = {
  data: z.string().min(1).default('./tidemark-data'),
  host: z.string().min(1).default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(8080),
  autoCreate: z.boolean().default(false),
  rootDatabase: databaseNameSchema.nullable().default(null),
  hostDomains: words.default(['localhost']),
  corsOrigins: words.default([]),

  keys: z.array(z.object({ kid: z.string().min(1), x: z.string().regex(/^[A-Za-z0-9_-]{43}$/) })).default([]),
  tokenIssuer: z.string().min(1).default('tidemark'),
  tokenAudience: z.string().min(1).default('tidemark'),
  revokedTokens: words.default([]),

  foreignKeys: z.boolean().default(true),

  durability: z.enum(['full', 'normal']).default('full'),
  workers: count(Math.min(availableParallelism(), MAX_WORKERS_BY_DEFAULT)),
  maxOpenDatabases: count(256),
  maxWorkerBytes: bytes(1024 * MIB),

  historyBytes: bytes(1024 * MIB),
  historySeconds: z
    .number()
    .int()
    .positive()
    .default(7 * 24 * 3600),
  historySegmentBytes: bytes(64 * MIB),
  checkpointFrames: count(4096),

  maxDatabaseBytes: z
    .number()
    .int()
    .min(PAGE_SIZE)
    .default(1024 * 1024 * MIB),
  maxPushBytes: bytes(1024 * MIB),
  maxPushBlockBytes: bytes(256 * MIB),
  maxWalPages: count(65_536),
  maxSqlBytes: bytes(128 * MIB),
  maxSqlResponseBytes: bytes(128 * MIB),
  maxBodyMemoryBytes: bytes(256 * MIB),
  maxStreams: count(128),
  maxConnections: count(4096),

  requestTimeoutMs: milliseconds(60_000),
  statementTimeoutMs: milliseconds(10_000),
  applyTimeoutMs: milliseconds(300_000),
  turnWaitMs: milliseconds(10_000),
  transactionTimeoutMs: milliseconds(60_000),
  transactionIdleTimeoutMs: milliseconds(5000),
  streamIdleTimeoutMs: milliseconds(10_000),
  maxLongPollMs: milliseconds(60_000),
  shutdownGraceMs: milliseconds(10_000),

  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('warn'),
  logStream: z.custom<Writable>().nullable().default(null),
}

/** Checks a configuration and fills in defaults. */
export const serverConfigSchema: z.ZodType<ServerConfig> = z
  .strictObject(settings)
  .superRefine((config, context) => {
    if (config.keys.length > 0 || isLoopback(config.host)) return
    context.addIssue({
      code: 'custom',
      path: ['host'],
      message: `without keys only a loopback address can be served, not ${config.host}; \`tidemark key create\` makes a key`,
    })
  })

/** By setting name. */
export const settingSchemas: Readonly<Record<string, z.ZodType>> = settings
