import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'

const BIN = fileURLToPath(new URL('../dist/bin.js', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the built command to its end, without a terminal and without settings of this environment. */
export async function tidemark(...args: string[]): Promise<Finished> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)]
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: await stdout, stderr: await stderr }
}

/** Runs the command, which must succeed, and gives its JSON. */
export async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await tidemark(...args, '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** A `tidemark serve` that listens, until it is told to stop. */
export interface Serving extends AsyncDisposable {
  readonly url: string
  /** Closes the other end of what it writes its logs to. */
  stopReadingLogs(): void
  /** Asks it to stop with this signal, unless it has stopped; resolves to the exit code. */
  stop(signal?: 'SIGTERM' | 'SIGINT'): Promise<number | null>
}

export async function serve(...args: string[]): Promise<Serving> {
  const child = spawn(process.execPath, [BIN, 'serve', '--port', '0', '--json', ...args], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const said = text(child.stderr)
  const first = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  if (first.done === true) throw new Error(`tidemark serve ended without listening: ${await said}`)
  const { url } = JSON.parse(first.value) as { url: string }
  const stop: Serving['stop'] = async (signal = 'SIGTERM') => {
    child.kill(signal)
    const [code] = (await exited) as [number | null]
    return code
  }
  return {
    url,
    stopReadingLogs: () => {
      said.catch(() => {})
      child.stderr.destroy()
    },
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const { TIDEMARK_URL: _url, TIDEMARK_TOKEN: _token, FORCE_COLOR: _color, ...rest } = process.env
  return { ...rest, NO_COLOR: '1' }
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = ''
  for await (const chunk of stream) all += String(chunk)
  return all
}
