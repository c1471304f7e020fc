import { tidemark } from '#messages'
import { ProtocolError } from '../errors.ts'
import { checkIdentifier, checkLength } from '../messages/check-identifier.ts'
import { fromWireInteger, toWireInteger } from '../messages/wire-integer.ts'

/** `detect`: the server compares before images and refuses the batch if one differs. */
export type ConflictPolicy = 'last-push-wins' | 'detect'

/** First message of a push. */
export interface PushHeader {
  readonly clientId: string
  /** 16 random bytes, new for each batch and the same for every attempt to send it. */
  readonly pushId: Uint8Array
  /** `pushId` of the last batch that was acknowledged; empty: none. */
  readonly previousPushId: Uint8Array
  /** Revision of the client's base. */
  readonly baseRevision: string
  readonly firstChangeId: number
  readonly lastChangeId: number
  /** Frames in the client's WAL. */
  readonly walPages: number
  readonly conflictPolicy: ConflictPolicy
  /** The client's `PRAGMA foreign_keys`. */
  readonly enforceForeignKeys: boolean
}

/** Length of {@link PushHeader.pushId}. */
export const PUSH_ID_BYTES = 16

/** @throws ProtocolError if a field is not as {@link PushHeader} says */
export function checkPushHeader(header: PushHeader): PushHeader {
  if (header.clientId === '') throw new ProtocolError('push without a client id')
  checkIdentifier(header.clientId, 'client id')
  checkIdentifier(header.baseRevision, 'base revision')
  checkLength(header.pushId, PUSH_ID_BYTES, 'push id')
  if (header.previousPushId.byteLength > 0) {
    checkLength(header.previousPushId, PUSH_ID_BYTES, 'previous push id')
  }
  if (header.firstChangeId < 1 || header.lastChangeId < header.firstChangeId) {
    throw new ProtocolError(`push of changes ${header.firstChangeId} to ${header.lastChangeId}`)
  }
  return header
}

export function pushHeaderToMessage(header: PushHeader): tidemark.PushHeader.$Properties {
  checkPushHeader(header)
  return {
    clientId: header.clientId,
    pushId: header.pushId,
    previousPushId: header.previousPushId,
    baseRevision: header.baseRevision,
    firstChangeId: toWireInteger(header.firstChangeId),
    lastChangeId: toWireInteger(header.lastChangeId),
    walPages: toWireInteger(header.walPages),
    conflictPolicy:
      header.conflictPolicy === 'detect'
        ? tidemark.ConflictPolicy.DETECT
        : tidemark.ConflictPolicy.LAST_PUSH_WINS,
    enforceForeignKeys: header.enforceForeignKeys,
  }
}

export function pushHeaderFromMessage(properties: tidemark.PushHeader.$Properties): PushHeader {
  const message = new tidemark.PushHeader(properties)
  return checkPushHeader({
    clientId: message.clientId,
    pushId: new Uint8Array(message.pushId),
    previousPushId: new Uint8Array(message.previousPushId),
    baseRevision: message.baseRevision,
    firstChangeId: fromWireInteger(message.firstChangeId, 'first change id'),
    lastChangeId: fromWireInteger(message.lastChangeId, 'last change id'),
    walPages: fromWireInteger(message.walPages, 'WAL pages'),
    conflictPolicy: conflictPolicy(message.conflictPolicy),
    enforceForeignKeys: message.enforceForeignKeys,
  })
}

function conflictPolicy(policy: tidemark.ConflictPolicy): ConflictPolicy {
  if (policy === tidemark.ConflictPolicy.LAST_PUSH_WINS) return 'last-push-wins'
  if (policy === tidemark.ConflictPolicy.DETECT) return 'detect'
  throw new ProtocolError(`push with unknown conflict policy ${String(policy)}`, { recovery: 'upgrade' })
}
