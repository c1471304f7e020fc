import {
  decodePageHashesRequest,
  encodePageHashesResponse,
  PAGE_HASH_BYTES,
  PAGE_SIZE,
  pageHash,
  StateError,
} from '@tidemark/protocol'
import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import type { History } from '../history/history.ts'

const PAGES_PER_SLICE = 256

/** `POST /page-hashes`. @throws ProtocolError, LimitError; StateError `TIDEMARK_REVISION_GONE` */
export async function servePageHashes(history: History, body: Uint8Array): Promise<Uint8Array> {
  const request = decodePageHashesRequest(body)
  const sequence = request.revision === '' ? history.head : history.resolveRevision(request.revision)
  if (sequence === null) {
    throw new StateError('TIDEMARK_REVISION_GONE', `Revision ${request.revision} is not kept any more`, {
      recovery: 'reset',
    })
  }
  const unpin = history.pin(sequence)
  try {
    const sizeInPages = history.sizeAt(sequence)
    const count = Math.max(Math.min(request.pageCount, sizeInPages - request.firstPage + 1), 0)
    const hashes = Buffer.alloc(count * PAGE_HASH_BYTES)
    const image = Buffer.allocUnsafe(PAGE_SIZE)
    for (let index = 0; index < count; index++) {
      history.readPage(request.firstPage + index, sequence, image)
      hashes.set(pageHash(image), index * PAGE_HASH_BYTES)
      if (index % PAGES_PER_SLICE === 0) await nextTurnOfLoop()
    }
    return encodePageHashesResponse({ revision: history.formatRevision(sequence), sizeInPages, hashes })
  } finally {
    unpin()
  }
}
