import { createHash } from 'node:crypto'

export type SqlParameter = number | string | Uint8Array | null

export const SCHEMA =
  'CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, place TEXT, amount INTEGER, note TEXT)'
export const INSERT = 'INSERT INTO item (id, name, place, amount, note) VALUES (?, ?, ?, ?, ?)'
export const ALL = 'SELECT * FROM item ORDER BY id'

const SYLLABLES = 'ba co da fi go ha ju ka lo mi no pe qu ra so ti ve wa xi zo lan mer ton vil dor'.split(' ')

/** A generator of numbers in [0, 2^32) that gives the same sequence for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** `count` rows of about 90 bytes with ids from `firstId`: words of random syllables, the same for the same ids. */
export function itemRows(firstId: number, count: number): SqlParameter[][] {
  return Array.from({ length: count }, (_, index) => {
    const id = firstId + index
    const random = randomNumbers(id * 7919)
    const word = (): string => {
      const length = 2 + (random() % 3)
      return Array.from({ length }, () => SYLLABLES[random() % SYLLABLES.length]!).join('')
    }
    const words = (length: number): string => Array.from({ length }, word).join(' ')
    return [id, words(2), words(1), random() % 1_000_000, words(7)]
  })
}

/** Blobs whose first half is random and whose second half repeats it. */
export function halfRandomBlobs(seed: number, count: number, bytes: number): Uint8Array[] {
  const random = randomNumbers(seed)
  return Array.from({ length: count }, () => {
    const blob = new Uint8Array(bytes)
    const words = new Uint32Array(blob.buffer, 0, bytes >>> 3)
    for (const index of words.keys()) words[index] = random()
    blob.fill(0x55, bytes >>> 1)
    return blob
  })
}

/** The same for the same values, whichever library read them. */
export function digest(rows: readonly (readonly unknown[])[]): string {
  const hash = createHash('sha256')
  for (const row of rows) {
    for (const value of row) {
      if (value instanceof Uint8Array) hash.update('blob').update(value)
      else hash.update(`${String(value)}\0`)
    }
  }
  return hash.digest('hex').slice(0, 16)
}
