import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { PAGE_SIZE } from '@tidemark/protocol'

/**
 * The main file, read past SQLite. Closing a descriptor on it drops every lock that SQLite holds on it in this process
 * (fcntl(2), "Advisory record locking"), so {@link close} comes after the last connection has closed.
 */
export class MainFileReader {
  readonly #path: string
  readonly #descriptor: number
  readonly #opened: Stats

  private constructor(path: string, descriptor: number) {
    this.#path = path
    this.#descriptor = descriptor
    this.#opened = fstatSync(descriptor)
  }

  /** Creates the file where there is none. */
  static open(path: string): MainFileReader {
    return new MainFileReader(path, openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600))
  }

  /** False once somebody has moved or deleted it, or put another one in its place. */
  get isInPlace(): boolean {
    const found = statSync(this.#path, { throwIfNoEntry: false })
    return found?.ino === this.#opened.ino && found.dev === this.#opened.dev
  }

  get sizeInPages(): number {
    return Math.ceil(fstatSync(this.#descriptor).size / PAGE_SIZE)
  }

  /** When it was last changed; milliseconds since the epoch. */
  get modifiedMs(): number {
    return Math.floor(fstatSync(this.#descriptor).mtimeMs)
  }

  /** Fills `target` with the images of as many pages; zeros beyond the end of the file. */
  readPages(firstPage: number, target: Uint8Array): void {
    const length = readSync(this.#descriptor, target, 0, target.byteLength, (firstPage - 1) * PAGE_SIZE)
    if (length < target.byteLength) target.fill(0, length)
  }

  /** It is on disk when this returns, and {@link modifiedMs} too, which a checkpoint of SQLite's does not see to. */
  flush(): void {
    fsyncSync(this.#descriptor)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}
