import { resolve } from 'node:path'
import { styleText } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import type { ServerConfig } from '@tidemark/server'
import { Command, InvalidArgumentError, Option } from 'commander'
import { jsonOption } from '../result.ts'
import { version } from '../version.ts'

interface ServeOptions extends Partial<
  Pick<ServerConfig, 'data' | 'host' | 'port' | 'autoCreate' | 'rootDatabase'>
> {
  readonly config?: string
  readonly logLevel?: string
  readonly json?: boolean
}

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace']

const SETTINGS = `
Every setting is also read from the environment (TIDEMARK_PORT,
TIDEMARK_MAX_PUSH_BYTES, …) and from the --config file (port, maxPushBytes, …).
Flags go first, then the environment, then the file. docs/server.md has all.
Without keys (tidemark key create) anybody on this machine may do everything,
and only loopback is served.`

/** `tidemark serve`: runs a server until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Run a sync server until it is told to stop (SIGTERM or Ctrl-C).')
    .option('--data <folder>', 'where the databases are kept (default: ./tidemark-data)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on, 0 for any free one (default: 8080)', parsePort)
    .option('--auto-create', 'make a database on its first use')
    .option('--root-database <name>', 'serve this database at the root URL as well as under /db/<name>')
    .option('--config <file>', 'a JSON file with settings')
    .addOption(
      new Option(
        '--log-level <level>',
        'JSON logs on standard error from this level on (default: warn)',
      ).choices(LOG_LEVELS),
    )
    .addOption(jsonOption())
    .addHelpText('after', SETTINGS)
    .action(serve)
}

/**
 * For V8, in a main process that only passes requests on:
 *
 * - The young generation stays as small as it begins. On a machine with much memory it would grow to 128 MiB,
 *   which load fills and nothing is gained by.
 * - The whole heap is looked through when it has become four times as large as it was left. Buffers outside
 *   of it count, and the heap is small: while a large body is passed on, that was each 10 MB, and took more
 *   time than passing it on.
 */
const GARBAGE_COLLECTION = ['--semi-space-growth-factor=1', '--heap-growing-percent=300']

async function serve({ json = false, config: file, ...flags }: ServeOptions): Promise<void> {
  for (const flag of GARBAGE_COLLECTION) setFlagsFromString(flag)
  const { createServer, loadConfig } = await import('@tidemark/server')
  const config: ServerConfig = { ...loadConfig({ flags, env: process.env, file }), logStream: process.stderr }
  const server = createServer(config)
  const stopped = stopSignal()
  const { host, port } = await server.listen()
  announce(config, `http://${host.includes(':') ? `[${host}]` : host}:${port}`, json)
  await stopped
  if (!json) process.stderr.write('Stopping: finishing what is under way.\n')
  await server.close()
}

/** One line on standard error for people, or one JSON value on standard output for programs. */
function announce(config: ServerConfig, url: string, json: boolean): void {
  const isOpen = config.keys.length === 0
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ url, data: resolve(config.data), version: version(), isOpen })}\n`,
    )
    return
  }
  const access = isOpen ? 'no keys: anybody on this machine may use it' : `${config.keys.length} key(s)`
  const where = styleText('bold', url, { stream: process.stderr })
  process.stderr.write(
    `Tidemark ${version()} serves ${resolve(config.data)} on ${where} (${access}). Ctrl-C stops it.\n`,
  )
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once, as usual. */
async function stopSignal(): Promise<void> {
  await new Promise<void>((resolveStop) => {
    const stop = (): void => {
      process.off('SIGTERM', stop)
      process.off('SIGINT', stop)
      resolveStop()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/u.test(text) || port > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535.')
  return port
}
