import { FRAME_SIZE, PAGE_SIZE } from '@tidemark/protocol'
import type { History } from '../history/history.ts'
import { commitFrames, exportFile, wholeFrames } from './frame-stream.ts'
import type { Generations } from './generations.ts'

/** Frames after which an answer ends, with the commit that it is in. The client asks for as many. */
const FRAMES_PER_ANSWER = 128

export type ReplicaRequest =
  | { readonly type: 'info' }
  | { readonly type: 'export'; readonly generation: number }
  | { readonly type: 'frames'; readonly generation: number; readonly frame: number }

/** `generation`: the newest, where nothing else is sent; else null. */
export interface ReplicaResult {
  readonly generation: number | null
  readonly contentLength: number
}

export interface ReplicaAnswer extends ReplicaResult {
  readonly chunks: Iterable<Uint8Array>
}

/**
 * What the embedded replica of libSQL's client asks: `GET /info`, `/export/{generation}` and
 * `/sync/{generation}/{start}/{end}`. Frames are sent by whole commits, however long, so that no replica is
 * ever in the middle of one when its generation ends. The revisions that an answer reads stay readable until
 * `chunks` is read to its end or returned from.
 *
 * @throws StateError `TIDEMARK_REVISION_GONE`
 */
export function serveReplica(
  history: History,
  generations: Generations,
  request: ReplicaRequest,
): ReplicaAnswer {
  switch (request.type) {
    case 'info':
      return without(generations.newest())
    case 'export': {
      const at = generations.baseOf(request.generation)
      const contentLength = history.sizeAt(at) * PAGE_SIZE
      return { generation: null, contentLength, chunks: exportFile(history, at) }
    }
    case 'frames':
      return serveFrames(history, generations, request.generation, request.frame)
  }
}

function serveFrames(
  history: History,
  generations: Generations,
  generation: number,
  frame: number,
): ReplicaAnswer {
  const position = generations.locate(generation, frame)
  switch (position.type) {
    case 'end':
      return without(position.newest)
    case 'whole': {
      const { at, frames } = position
      return {
        generation: null,
        contentLength: frames * FRAME_SIZE,
        chunks: wholeFrames(history, at, frames),
      }
    }
    case 'frames': {
      const { from, skip } = position
      let until = from
      let frames = -skip
      while (until < position.until && frames < FRAMES_PER_ANSWER) {
        until += 1
        frames += history.imagesBetween(until - 1, until)
      }
      return {
        generation: null,
        contentLength: frames * FRAME_SIZE,
        chunks: commitFrames(history, from, until, skip),
      }
    }
  }
}

function without(generation: number): ReplicaAnswer {
  return { generation, contentLength: 0, chunks: [] }
}
