import type { sqlite3_file, Sqlite3Static } from '@sqlite.org/sqlite-wasm'
import { PAGE_SIZE } from '@tidemark/protocol'

/** The pages of a database at one revision. */
export interface PageSource {
  readonly sizeInPages: number
  readPage(pageNumber: number, target: Uint8Array): void
}

/**
 * Where a database's header says how it is written and read (https://sqlite.org/fileformat.html, offsets 18 and 19).
 */
const FORMAT_VERSIONS_OFFSET = 18
const ROLLBACK_JOURNAL = 1

/**
 * A file system for SQLite that holds one immutable file: the pages of a {@link PageSource}. It notes which
 * pages are read.
 *
 * The file says of itself that it uses a rollback journal: a revision has no WAL beside it.
 */
export class PageVfs {
  readonly name = 'tidemark-pages'
  readonly #sqlite: Sqlite3Static
  readonly #page = new Uint8Array(PAGE_SIZE)
  #source: PageSource = { sizeInPages: 0, readPage: () => {} }
  #readPages: Uint8Array = new Uint8Array(0)
  #failure: { readonly error: unknown } | null = null

  constructor(sqlite: Sqlite3Static) {
    this.#sqlite = sqlite
    this.#install()
  }

  /** What follows reads from `source`. */
  mount(source: PageSource): void {
    this.#source = source
    this.#readPages = new Uint8Array(source.sizeInPages)
    this.#failure = null
  }

  /** Pages read since {@link mount}, ascending. */
  get pagesRead(): Uint32Array {
    const pages: number[] = []
    for (const [index, isRead] of this.#readPages.entries()) if (isRead === 1) pages.push(index + 1)
    return Uint32Array.from(pages)
  }

  /** What the source threw; SQLite itself knows only of a failed read. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure
  }

  /** @param at offset in the file; a bigint, whatever the declarations of the methods say */
  #read(target: Uint8Array, at: number | bigint): number {
    const { capi } = this.#sqlite
    const offset = Number(at)
    try {
      let done = 0
      while (done < target.byteLength) {
        const index = Math.floor((offset + done) / PAGE_SIZE)
        const start = (offset + done) % PAGE_SIZE
        const length = Math.min(PAGE_SIZE - start, target.byteLength - done)
        if (index >= this.#source.sizeInPages) {
          target.fill(0, done)
          return capi.SQLITE_IOERR_SHORT_READ
        }
        this.#source.readPage(index + 1, this.#page)
        if (index === 0) this.#page.fill(ROLLBACK_JOURNAL, FORMAT_VERSIONS_OFFSET, FORMAT_VERSIONS_OFFSET + 2)
        this.#readPages[index] = 1
        target.set(this.#page.subarray(start, start + length), done)
        done += length
      }
      return capi.SQLITE_OK
    } catch (error) {
      this.#failure = { error }
      return capi.SQLITE_IOERR_READ
    }
  }

  #install(): void {
    const { capi, wasm, vfs: installer } = this.#sqlite
    const io = new capi.sqlite3_io_methods()
    const vfs = new capi.sqlite3_vfs()
    vfs.$iVersion = 1
    const sample = new capi.sqlite3_file()
    vfs.$szOsFile = sample.structInfo.sizeof
    sample.dispose()
    vfs.$mxPathname = 64
    const ok = (): 0 => capi.SQLITE_OK
    const refuse = (): 8 => capi.SQLITE_READONLY
    installer.installVfs({
      io: {
        struct: io,
        methods: {
          xClose: ok,
          xRead: (_file, target, length, offset) =>
            this.#read(wasm.heap8u().subarray(target, target + length), offset) as 0,
          xWrite: refuse,
          xTruncate: refuse,
          xSync: ok,
          xFileSize: (_file, target) => {
            wasm.poke64(target, BigInt(this.#source.sizeInPages * PAGE_SIZE))
            return capi.SQLITE_OK
          },
          xLock: ok,
          xUnlock: ok,
          xCheckReservedLock: (_file, target) => {
            wasm.poke32(target, 0)
            return capi.SQLITE_OK
          },
          xFileControl: () => capi.SQLITE_NOTFOUND,
          xSectorSize: () => PAGE_SIZE as never,
          xDeviceCharacteristics: () => capi.SQLITE_IOCAP_IMMUTABLE as never,
        },
      },
      vfs: {
        struct: vfs,
        name: this.name,
        methods: {
          xOpen: (_vfs, _name, file, flags, outFlags) => {
            if ((flags & capi.SQLITE_OPEN_MAIN_DB) === 0) return capi.SQLITE_CANTOPEN
            const opened: sqlite3_file = new capi.sqlite3_file(file)
            opened.$pMethods = io.pointer
            opened.dispose()
            if (outFlags !== 0) wasm.poke32(outFlags, flags)
            return capi.SQLITE_OK
          },
          xDelete: ok,
          xAccess: (_vfs, _name, _flags, target) => {
            wasm.poke32(target, 0)
            return capi.SQLITE_OK
          },
          xFullPathname: (_vfs, path, size, target) => {
            const copied = wasm.cstrncpy(target, path, size)
            return copied < size ? capi.SQLITE_OK : capi.SQLITE_CANTOPEN
          },
        },
      },
    })
  }
}
