import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream'
import type { Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

const DECODERS: ReadonlyMap<string | undefined, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
])

/** The body of a response as it was before a server or proxy compressed it. A cut body is an error of the stream. */
export function decodedBody(message: IncomingMessage): Readable {
  const decoder = DECODERS.get(message.headers['content-encoding'])
  // What goes wrong destroys the last of the streams, and who reads it is told.
  return decoder === undefined ? message : pipeline(message, decoder(), () => {})
}
