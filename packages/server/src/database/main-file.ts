import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync } from 'node:fs'
import { PAGE_SIZE } from '@tidemark/protocol'

/**
 * The main file, read past SQLite. Closing a descriptor on it drops every lock that SQLite holds on it in this process
 * (fcntl(2), "Advisory record locking"), so {@link close} comes after the last connection has closed.
 */
export class MainFileReader {
  readonly #descriptor: number

  private constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** Creates the file where there is none. */
  static open(path: string): MainFileReader {
    return new MainFileReader(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600))
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
