/**
 * About so many bytes of an answer go to the main process at a time, which has a few such pieces of each
 * answer that is not taken.
 */
export const PIECE_BYTES: number = 64 * 1024

/** Views of `answer`, which all but the last have {@link PIECE_BYTES}. */
export function* piecesOf(answer: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < answer.byteLength; start += PIECE_BYTES)
    yield answer.subarray(start, start + PIECE_BYTES)
}
