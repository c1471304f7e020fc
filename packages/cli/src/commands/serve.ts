import { once } from 'node:events'
import { createServer, loadConfig, type TidemarkServer } from '@tidemark/server'
import { Command, InvalidArgumentError, Option } from 'commander'
import { jsonOption } from '../result.ts'
import { version } from '../version.ts'

interface ServeOptions {
  readonly data?: string
  readonly host?: string
  readonly port?: number
  readonly autoCreate?: boolean
  readonly rootDatabase?: string
  readonly config?: string
  readonly logLevel?: string
  readonly json?: boolean
}

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace']

/** `tidemark serve`: runs a server until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Run a sync server until it is told to stop (SIGTERM or Ctrl-C).')
    .option('--data <folder>', 'where the databases are kept')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on, 0 for any free one (default: 8080)', parsePort)
    .option('--auto-create', 'make a database on its first use')
    .option('--root-database <name>', 'serve this database at the root URL as well as under /db/<name>')
    .option('--config <file>', 'a JSON file with these and further settings; flags go first')
    .addOption(
      new Option('--log-level <level>', 'JSON logs on standard error from this level on').choices(LOG_LEVELS),
    )
    .addOption(jsonOption())
    .action(serve)
}

async function serve({ json = false, config, ...flags }: ServeOptions): Promise<void> {
  const server = createServer(loadConfig({ flags, file: config, env: process.env }))
  const { host, port } = await server.listen()
  announce(`http://${host.includes(':') ? `[${host}]` : host}:${port}`, flags.data, json)
  await stopSignal()
  await stop(server)
}
