import { readFileSync } from 'node:fs'
import { StateError } from '@tidemark/protocol'
import type { DatabasesClaim, Scope, SigningKey } from '@tidemark/server'
import { Command, InvalidArgumentError, Option } from 'commander'
import { printing, type Result } from '../result.ts'

interface TokenOptions {
  readonly key: string
  readonly allow: DatabasesClaim
  readonly expires: number
  readonly subject?: string
  readonly issuer: string
  readonly audience: string
}

const SCOPES: readonly Scope[] = ['read', 'write', 'admin']
/** The names that a server gives databases, and the one for all of them. */
const DATABASES = /^(?:[a-z0-9][a-z0-9_-]{0,62}|\*)$/u
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `tidemark token create`: signs a token with a key of `tidemark key create`. */
export function tokenCommand(): Command {
  const create = new Command('create')
    .description('Sign a token for an application or an operator.')
    .requiredOption('--key <file>', 'the secret half of a key')
    .requiredOption(
      '--allow <database=scope...>',
      'read, write or admin on a database; * is every database, *=admin the admin API too',
      collectScope,
    )
    .addOption(
      new Option('--expires <time>', 'how long it is good for: 45s, 30m, 12h or 90d')
        .argParser(parseDuration)
        .default(90 * SECONDS.d, '90d'),
    )
    .option('--subject <who>', 'whom it is for, as logs show it')
    .option('--issuer <name>', 'the server’s tokenIssuer', 'tidemark')
    .option('--audience <name>', 'the server’s tokenAudience', 'tidemark')
  return new Command('token')
    .description('Tokens for servers with keys.')
    .addCommand(printing(create, createToken))
}

async function createToken({
  key,
  allow,
  expires,
  subject,
  issuer,
  audience,
}: TokenOptions): Promise<Result> {
  const { mintToken } = await import('@tidemark/server')
  const token = await mintToken(readKey(key), {
    issuer,
    audience,
    databases: allow,
    expiresInSeconds: expires,
    ...(subject === undefined ? {} : { subject }),
  })
  return { json: { token, databases: allow, expiresInSeconds: expires }, text: token }
}

/** @throws StateError when the file is not what `tidemark key create` writes */
function readKey(path: string): SigningKey {
  const { kid, x, d } = parseJson(path) as Partial<Record<string, unknown>>
  if (typeof kid === 'string' && typeof x === 'string' && typeof d === 'string') return { kid, x, d }
  throw notAKey(path)
}

function parseJson(path: string): unknown {
  const text = readFileSync(path, 'utf8')
  try {
    return JSON.parse(text) ?? {}
  } catch (cause) {
    throw notAKey(path, cause)
  }
}

function notAKey(path: string, cause?: unknown): StateError {
  return new StateError('TIDEMARK_KEY', `${path} is not a key of \`tidemark key create\``, {
    recovery: 'operator',
    cause,
  })
}

function collectScope(text: string, before: DatabasesClaim = {}): DatabasesClaim {
  const [database = '', scope] = text.split('=')
  const known = SCOPES.find((one) => one === scope)
  if (known === undefined) {
    throw new InvalidArgumentError('give a database and read, write or admin, as in notes=write.')
  }
  if (!DATABASES.test(database)) {
    throw new InvalidArgumentError(
      'a database has up to 63 of a-z, 0-9, _ and -, a letter or digit first; * is every database.',
    )
  }
  return { ...before, [database]: known }
}

function parseDuration(text: string): number {
  const [, number, unit] = /^(\d+)([smhd])$/u.exec(text) ?? []
  if (!(Number(number) > 0)) throw new InvalidArgumentError('give a number and s, m, h or d, as in 90d.')
  return Number(number) * SECONDS[unit as keyof typeof SECONDS]
}
