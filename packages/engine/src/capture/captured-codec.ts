import { deserialize, serialize } from 'node:v8'
import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'
import type { CapturedChange, CapturedRow } from './captured-change.ts'

/** Malformed text has no class of its own in the serialised form. */
interface SerializedRawText {
  readonly rawText: Uint8Array
}

type SerializedValue = Exclude<SqlValue, RawText> | SerializedRawText
type Serialized =
  | Exclude<CapturedChange, CapturedRow>
  | (Omit<CapturedRow, 'before' | 'after'> & {
      before: SerializedValue[] | null
      after: SerializedValue[] | null
    })

/**
 * A captured change as bytes that stand for themselves, exact to the bit: V8's structured serialisation, which newer
 * versions of Node can always read.
 */
export function encodeCaptured(change: CapturedChange): Uint8Array {
  return serialize(
    'table' in change
      ? { ...change, before: toSerialized(change.before), after: toSerialized(change.after) }
      : change,
  )
}

/** The inverse of {@link encodeCaptured}. The bytes must be what it returned: they are not checked. */
export function decodeCaptured(bytes: Uint8Array): CapturedChange {
  const change = deserialize(bytes) as Serialized
  return 'table' in change
    ? { ...change, before: fromSerialized(change.before), after: fromSerialized(change.after) }
    : change
}

function toSerialized(image: readonly SqlValue[] | null): SerializedValue[] | null {
  return image === null
    ? null
    : image.map((value) => (value instanceof RawText ? { rawText: value.bytes } : value))
}

function fromSerialized(image: readonly SerializedValue[] | null): SqlValue[] | null {
  return image === null ? null : image.map((value) => (isRawText(value) ? new RawText(value.rawText) : value))
}

function isRawText(value: SerializedValue): value is SerializedRawText {
  return typeof value === 'object' && value !== null && 'rawText' in value
}
