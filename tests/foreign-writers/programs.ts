import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A program that knows nothing of Tidemark. */
export interface ForeignProgram {
  readonly name: string
  /** Runs statements on the file in a process of its own, which ends. @throws with what the program says on stderr */
  readonly run: (path: string, sql: string) => string
}

const script = fileURLToPath(new URL('better-sqlite3.ts', import.meta.url))

export const betterSqlite3: ForeignProgram = {
  name: 'better-sqlite3',
  run: (path, sql) => runProgram(process.execPath, [script, path], sql),
}

/** The command line of another build of SQLite; null where it is not installed. */
export const sqlite3: ForeignProgram | null = isInstalled()
  ? {
      name: 'sqlite3',
      run: (path, sql) => runProgram('sqlite3', ['-batch', '-bail', path], `.timeout 5000\n${sql};\n`),
    }
  : null

/** All that are there; says so where one is not. */
export function foreignPrograms(): ForeignProgram[] {
  if (sqlite3 === null)
    process.stderr.write('foreign writers: no `sqlite3` command here, only better-sqlite3 is tried\n')
  return sqlite3 === null ? [betterSqlite3] : [betterSqlite3, sqlite3]
}

/** The cases of a table of deeds: title, program, both. The short run gives each deed to one program, in turn. */
export function everyDeed<D extends readonly [deed: string, ...rest: unknown[]]>(
  deeds: readonly D[],
): (readonly [string, string, { readonly deed: D; readonly program: ForeignProgram }])[] {
  const programs = foreignPrograms()
  const isLong = process.env['TIDEMARK_FOREIGN_SECONDS'] !== undefined
  return deeds.flatMap((deed, index) =>
    programs
      .filter((_, turn) => isLong || index % programs.length === turn)
      .map((program) => [deed[0], program.name, { deed, program }] as const),
  )
}

function isInstalled(): boolean {
  try {
    execFileSync('sqlite3', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function runProgram(command: string, args: readonly string[], input: string): string {
  return execFileSync(command, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
}

/** A script of this folder that works in a loop and writes a line for each thing that is done for good. */
export class Worker implements AsyncDisposable {
  readonly #child: ReturnType<typeof spawn>
  readonly #closed: Promise<unknown>
  readonly #firstLine: Promise<unknown>
  #output = ''
  #errors = ''

  constructor(scriptName: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(scriptName, import.meta.url))
    const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdout.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()))
    // It may be dead when it is told to stop.
    child.stdin.on('error', () => {})
    this.#child = child
    this.#closed = once(child, 'close')
    this.#firstLine = Promise.race([once(child.stdout, 'data'), this.#closed])
  }

  /** Resolves when it has done something. */
  async working(): Promise<void> {
    await this.#firstLine
  }

  /** Lets it finish what it is doing. @throws what it says when it has failed */
  async stop(): Promise<string[]> {
    this.#child.stdin!.end()
    await this.#closed
    if (this.#child.exitCode !== 0) throw new Error(`a worker has failed: ${this.#errors}`)
    return this.#lines()
  }

  /** Ends it where it is. @throws when it had ended by itself */
  async kill(): Promise<string[]> {
    this.#child.kill('SIGKILL')
    await this.#closed
    if (this.#child.signalCode !== 'SIGKILL') throw new Error(`a worker has ended by itself: ${this.#errors}`)
    return this.#lines()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }

  /** The last line may be torn. */
  #lines(): string[] {
    return this.#output.split('\n').slice(0, -1)
  }
}
