import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { AttackAnswer, HttpAttack, Sendable, SocketAttack } from './attack.ts'

/** An answer is read up to here, then its connection is dropped. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
const KEEP_ALIVE_MS = 300
const NOTHING: AttackAnswer = { status: 0, body: Buffer.alloc(0) }

/**
 * Sends it and reads the answer.
 *
 * @throws Error when neither an answer nor the connection's end comes within `patienceMs`
 */
export async function sendAttack(port: number, attack: Sendable, patienceMs: number): Promise<AttackAnswer> {
  const abort = new AbortController()
  const late = delay(patienceMs, null, { signal: abort.signal }).then(() => {
    throw new Error(`no answer after ${patienceMs} ms`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([
      late,
      attack.kind === 'http' ? sendHttp(port, attack, abort.signal) : sendSocket(port, attack, abort.signal),
    ])
  } finally {
    abort.abort()
  }
}

async function sendHttp(port: number, attack: HttpAttack, signal: AbortSignal): Promise<AttackAnswer> {
  const { method, path, headers, body } = attack
  return new Promise((resolve) => {
    let status = 0
    const chunks: Buffer[] = []
    let length = 0
    const done = (): void => resolve({ status, body: Buffer.concat(chunks) })
    const outgoing = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...headers },
      agent: false,
      signal,
    })
    outgoing.on('error', done)
    outgoing.on('response', (response) => {
      status = response.statusCode ?? 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length > MAX_ANSWER_BYTES) response.destroy()
      })
      response.on('close', done).on('error', done)
    })
    outgoing.end(body)
  })
}

async function sendSocket(port: number, attack: SocketAttack, signal: AbortSignal): Promise<AttackAnswer> {
  const socket = connect({ host: '127.0.0.1', port, signal, allowHalfOpen: true })
  const chunks: Buffer[] = []
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('close', resolve).on('error', () => resolve())
    // The server has said all that it will, or keeps the connection for the next request.
    socket.on('end', () => socket.destroy())
    socket.once('data', () => socket.setTimeout(KEEP_ALIVE_MS, () => socket.destroy()))
  })
  for (const piece of attack.pieces) {
    if (socket.destroyed) break
    socket.write(piece)
    if (attack.pauseMs > 0) await delay(attack.pauseMs)
  }
  if (attack.ending === 'reset') {
    socket.resetAndDestroy()
    return NOTHING
  }
  if (attack.ending === 'half-close') socket.end()
  await closed
  const text = Buffer.concat(chunks)
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text.subarray(0, 12).toString('latin1'))?.[1] ?? 0)
  return { status, body: text.subarray(Math.max(text.indexOf('\r\n\r\n') + 4, 0)) }
}
