import {
  decodePageHashesRequest,
  decodePageHashesResponse,
  decodePullRequest,
  decodePushResponse,
  decodeRowidMap,
  decompress,
  DelimitedDecoder,
  parseCursorRequest,
  parsePipelineRequest,
  parseServerInfo,
  PullDecoder,
  PushDecoder,
} from '@tidemark/protocol'
import type { Random } from '../simulator/random.ts'
import { capturedBodies } from './captured-requests.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateJson } from './mutate-json.ts'
import type { Json } from './mutate-json.ts'
import { resealPush } from './sealed-push.ts'
import {
  DELIMITED,
  FRAMES,
  HASHES,
  HASHES_REQUEST,
  OLD_IMAGE,
  PULL_REQUESTS,
  pullStream,
  push,
  PUSH_RESPONSES,
  PUSHED,
  ROWID_MAP,
  SERVER_INFO,
} from './valid-messages.ts'

/** A decoder of the protocol package, and damaged input for it. */
export interface DecoderTarget {
  readonly name: string
  readonly damaged: (random: Random) => Uint8Array | string
  readonly decode: (input: Uint8Array | string) => void
}

const MAX_FRAME_BYTES = 600_000
const PUSH = push()
const STREAMS = [pullStream('turso'), pullStream('tidemark'), pullStream('tidemark', PUSHED)]
const EVERYTHING = [
  PUSH,
  ...STREAMS,
  ...PULL_REQUESTS,
  ...PUSH_RESPONSES,
  ROWID_MAP,
  HASHES_REQUEST,
  HASHES,
  ...FRAMES,
]

function decodeChunks(decoder: PullDecoder | PushDecoder, bytes: Uint8Array, chunkBytes: number): void {
  for (let i = 0; i < bytes.byteLength; i += chunkBytes)
    for (const _ of decoder.push(bytes.subarray(i, i + chunkBytes)));
  decoder.end()
}

function binary(
  name: string,
  valid: readonly Uint8Array[],
  decode: (bytes: Uint8Array) => unknown,
): DecoderTarget {
  return {
    name,
    damaged: (random) => mutateBytes(random.pick(valid), EVERYTHING, random),
    decode: (input) => void decode(input as Uint8Array),
  }
}

function json(name: string, valid: readonly Json[], parse: (value: unknown) => unknown): DecoderTarget {
  return {
    name,
    damaged: (random) => mutateJson(random.pick(valid), random),
    decode(input) {
      let value: unknown
      try {
        value = JSON.parse(input as string)
      } catch {
        return
      }
      parse(value)
    },
  }
}

export function decoderTargets(): readonly DecoderTarget[] {
  const pipelines = capturedBodies('/pipeline')
  return [
    ...STREAMS.map((stream, i) =>
      binary(`pull stream ${i}`, [stream], (bytes) => {
        const oldImage = (page: number): Uint8Array | null => (page < 4 ? OLD_IMAGE : null)
        decodeChunks(new PullDecoder({ oldImage, pushed: PUSHED, maxPages: 1000 }), bytes, 1000)
      }),
    ),
    binary('push', [PUSH], (bytes) => decodeChunks(new PushDecoder({ maxBlockBytes: 1 << 20 }), bytes, 777)),
    {
      name: 'sealed push',
      damaged: (random) =>
        resealPush(PUSH, {
          header: (bytes) => (random.chance(30) ? mutateBytes(bytes, EVERYTHING, random) : bytes),
          block: (raw) => mutateBytes(raw, EVERYTHING, random),
        }),
      decode: (input) =>
        decodeChunks(new PushDecoder({ maxBlockBytes: 1 << 23 }), input as Uint8Array, 1 << 20),
    },
    binary('pull request', PULL_REQUESTS, decodePullRequest),
    binary('push response', PUSH_RESPONSES, decodePushResponse),
    binary('rowid map', [ROWID_MAP], decodeRowidMap),
    binary('request for page hashes', [HASHES_REQUEST], decodePageHashesRequest),
    binary('page hashes', [HASHES], decodePageHashesResponse),
    binary('zstd frame', FRAMES, (bytes) => decompress(bytes, { maxBytes: MAX_FRAME_BYTES })),
    binary('zstd frame with dictionary', FRAMES, (bytes) =>
      decompress(bytes, { maxBytes: MAX_FRAME_BYTES, dictionary: OLD_IMAGE }),
    ),
    binary('delimited messages', [DELIMITED], (bytes) => {
      const decoder = new DelimitedDecoder({ maxMessageBytes: 10_000 })
      for (let i = 0; i < bytes.byteLength; i += 100) decoder.push(bytes.subarray(i, i + 100))
      decoder.end()
    }),
    json('pipeline', pipelines, parsePipelineRequest),
    json('cursor', capturedBodies('/cursor'), parseCursorRequest),
    json('description of a server', [SERVER_INFO], parseServerInfo),
  ]
}
