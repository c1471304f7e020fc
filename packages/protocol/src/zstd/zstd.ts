import { promisify } from 'node:util'
import { constants, zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { ZstdOptions } from 'node:zlib'
import { LimitError, ProtocolError, TidemarkError } from '../errors.ts'
import { frameContentSize, looksLikeTrainedDictionary } from './frame-header.ts'
import { privateZstdModule } from './private-module.ts'

const DEFAULT_LEVEL = 3

/**
 * For groups of pages: matches of five bytes and more, found by one table of 2^16 places. Over databases of
 * short texts, of numbers, of prose and of JSON this came out as small as level 3 does (-3 to +2 %), in 55 to
 * 75 % of its time.
 */
const PAGES_PARAMETERS = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_strategy]: constants.ZSTD_fast,
  [constants.ZSTD_c_minMatch]: 5,
  [constants.ZSTD_c_hashLog]: 16,
}

/**
 * Which of the two implementations is faster was measured: WebAssembly has no set-up cost and wins by 2 to 3
 * times with a dictionary; node:zlib wins for more than a few pages without one. The upper bound also keeps
 * the WebAssembly heap, which never shrinks, at a few MiB.
 */
const WASM_MAX_BYTES = 4096
const WASM_MAX_BYTES_WITH_DICTIONARY = 1024 * 1024
/** Memory that is taken at a time for compressed bytes. */
const MAX_CHUNK_BYTES = 1024 * 1024

/** The module with its two contexts, which are used again for each call. */
interface Zstd {
  readonly module: ReturnType<typeof privateZstdModule>
  readonly compression: number
  readonly decompression: number
}

let loaded: Zstd | undefined
let initialisation: Promise<void> | undefined

/** Loads the zstd WebAssembly module. Idempotent; must have resolved before any codec of this package is used. */
export function initProtocol(): Promise<void> {
  initialisation ??= load()
  return initialisation
}

async function load(): Promise<void> {
  const module = privateZstdModule()
  await module.init()
  loaded = { module, compression: module.createCCtx(), decompression: module.createDCtx() }
}

function requireZstd(): Zstd {
  if (loaded === undefined) {
    throw new TidemarkError('TIDEMARK_NOT_INITIALISED', 'await initProtocol() before using a codec', {
      recovery: 'bug',
    })
  }
  return loaded
}

/** Both sides know the dictionary, so both leave out one that zstd would misread, without a word on the wire. */
function usableDictionary(dictionary: Uint8Array | undefined): Uint8Array | undefined {
  if (dictionary === undefined || dictionary.byteLength === 0) return undefined
  return looksLikeTrainedDictionary(dictionary) ? undefined : dictionary
}

/**
 * Compresses to one zstd frame that declares its content size. `dictionary` is raw content; one that begins with
 * `37 A4 30 EC` is ignored, here and by {@link decompress}.
 */
export function compress(
  raw: Uint8Array,
  options: { readonly dictionary?: Uint8Array; readonly level?: number | undefined } = {},
): Uint8Array {
  const zstd = requireZstd()
  const level = options.level ?? DEFAULT_LEVEL
  const dictionary = usableDictionary(options.dictionary)
  if (dictionary !== undefined && raw.byteLength + dictionary.byteLength <= WASM_MAX_BYTES_WITH_DICTIONARY) {
    return zstd.module.compressUsingDict(zstd.compression, raw, dictionary, level)
  }
  if (dictionary === undefined && raw.byteLength <= WASM_MAX_BYTES) return zstd.module.compress(raw, level)
  return zstdCompressSync(raw, {
    ...(dictionary === undefined ? {} : { dictionary }),
    ...frameOptions(raw, { [constants.ZSTD_c_compressionLevel]: level }),
    chunkSize: Math.min(usualLength(raw), MAX_CHUNK_BYTES),
  })
}

/** {@link compress} for the images of pages, without a dictionary. */
export function compressPages(images: Uint8Array): Uint8Array {
  if (images.byteLength <= WASM_MAX_BYTES) return compress(images)
  return zstdCompressSync(images, pagesOptions(images))
}

/**
 * The same in the thread pool; `images` must not change before. One page is compressed at once. The frame
 * ends with an empty block, so it is not the same bytes, but always the same for the same images.
 */
export async function compressPagesInBackground(images: Uint8Array): Promise<Uint8Array> {
  if (images.byteLength <= WASM_MAX_BYTES) return compress(images)
  return compressInThreadPool(images, pagesOptions(images))
}

const compressInThreadPool = promisify(zstdCompress) as (
  raw: Uint8Array,
  options: ZstdOptions,
) => Promise<Uint8Array>

function pagesOptions(images: Uint8Array): ZstdOptions {
  return { ...frameOptions(images, PAGES_PARAMETERS), chunkSize: usualLength(images) }
}

/** What is compressed becomes less than two thirds as long, as a rule; longer output is copied together. */
function usualLength({ byteLength }: Uint8Array): number {
  return Math.ceil((byteLength * 2) / 3)
}

function frameOptions(raw: Uint8Array, parameters: NonNullable<ZstdOptions['params']>): ZstdOptions {
  return {
    pledgedSrcSize: raw.byteLength,
    params: { ...parameters, [constants.ZSTD_c_contentSizeFlag]: 1 },
  }
}

/**
 * Decompresses one zstd frame of at most `maxBytes` content. The declared size is checked first, so a bomb
 * costs nothing. A wrong dictionary is not noticed by zstd: callers check a checksum of the result. Bytes
 * behind a large frame are ignored.
 *
 * @throws LimitError if the frame declares more than `maxBytes`
 * @throws ProtocolError if the bytes are not one valid zstd frame with the content size that it declares
 */
export function decompress(
  bytes: Uint8Array,
  options: { readonly maxBytes: number; readonly dictionary?: Uint8Array },
): Uint8Array {
  const zstd = requireZstd()
  const contentSize = frameContentSize(bytes)
  if (contentSize > options.maxBytes) {
    throw new LimitError(`zstd frame declares ${contentSize} bytes, at most ${options.maxBytes} are accepted`)
  }
  const dictionary = usableDictionary(options.dictionary)
  const raw = inflate(zstd, bytes, contentSize, dictionary)
  if (raw.byteLength !== contentSize) {
    throw new ProtocolError(`zstd frame declares ${contentSize} bytes and holds ${raw.byteLength}`)
  }
  return raw
}

function inflate(
  zstd: Zstd,
  bytes: Uint8Array,
  contentSize: number,
  dictionary: Uint8Array | undefined,
): Uint8Array {
  try {
    const largest = Math.max(contentSize, bytes.byteLength)
    if (dictionary !== undefined && largest + dictionary.byteLength <= WASM_MAX_BYTES_WITH_DICTIONARY) {
      return zstd.module.decompressUsingDict(zstd.decompression, bytes, dictionary)
    }
    if (dictionary === undefined && largest <= WASM_MAX_BYTES) return zstd.module.decompress(bytes)
    return zstdDecompressSync(bytes, {
      ...(dictionary === undefined ? {} : { dictionary }),
      maxOutputLength: Math.max(contentSize, 1),
      chunkSize: Math.max(64, contentSize + 1),
    })
  } catch (cause) {
    throw new ProtocolError('zstd frame is damaged', { cause })
  }
}
