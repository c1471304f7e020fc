import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import {
  compress as wasmCompress,
  compressUsingDict,
  createCCtx,
  createDCtx,
  decompress as wasmDecompress,
  decompressUsingDict,
  init,
} from '@bokuweb/zstd-wasm'
import { LimitError, ProtocolError, TidemarkError } from '../errors.ts'
import { frameContentSize, looksLikeTrainedDictionary } from './frame-header.ts'

const DEFAULT_LEVEL = 3

/**
 * Which of the two implementations is faster was measured: WebAssembly has no set-up cost and wins by 2 to 3 times with a
 * dictionary; node:zlib wins for more than a few pages without one. The upper bound also keeps the WebAssembly heap, which
 * never shrinks, at a few MiB.
 */
const WASM_MAX_BYTES = 4096
const WASM_MAX_BYTES_WITH_DICTIONARY = 1024 * 1024

let contexts: { readonly compression: number; readonly decompression: number } | undefined
let initialisation: Promise<void> | undefined

/** Loads the zstd WebAssembly module. Idempotent; must have resolved before any codec of this package is used. */
export function initProtocol(): Promise<void> {
  initialisation ??= loadContexts()
  return initialisation
}

async function loadContexts(): Promise<void> {
  await init()
  contexts = { compression: createCCtx(), decompression: createDCtx() }
}

function requireContexts(): { readonly compression: number; readonly decompression: number } {
  if (contexts === undefined) {
    throw new TidemarkError('TIDEMARK_NOT_INITIALISED', 'await initProtocol() before using a codec', {
      recovery: 'bug',
    })
  }
  return contexts
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
  options: { readonly dictionary?: Uint8Array; readonly level?: number } = {},
): Uint8Array {
  const { compression } = requireContexts()
  const level = options.level ?? DEFAULT_LEVEL
  const dictionary = usableDictionary(options.dictionary)
  if (dictionary !== undefined && raw.byteLength + dictionary.byteLength <= WASM_MAX_BYTES_WITH_DICTIONARY) {
    return compressUsingDict(compression, raw, dictionary, level)
  }
  if (dictionary === undefined && raw.byteLength <= WASM_MAX_BYTES) return wasmCompress(raw, level)
  return zstdCompressSync(raw, {
    ...(dictionary === undefined ? {} : { dictionary }),
    pledgedSrcSize: raw.byteLength,
    chunkSize: 64 * 1024,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_contentSizeFlag]: 1 },
  })
}

/**
 * Decompresses one zstd frame of at most `maxBytes` content. The declared size is checked first, so a bomb costs nothing.
 * A wrong dictionary is not noticed by zstd: callers check a checksum of the result. Bytes behind a large frame are ignored.
 *
 * @throws LimitError if the frame declares more than `maxBytes`
 * @throws ProtocolError if the bytes are not one valid zstd frame with the content size that it declares
 */
export function decompress(
  bytes: Uint8Array,
  options: { readonly maxBytes: number; readonly dictionary?: Uint8Array },
): Uint8Array {
  const { decompression } = requireContexts()
  const contentSize = frameContentSize(bytes)
  if (contentSize > options.maxBytes) {
    throw new LimitError(`zstd frame declares ${contentSize} bytes, at most ${options.maxBytes} are accepted`)
  }
  const dictionary = usableDictionary(options.dictionary)
  const raw = inflate(bytes, contentSize, dictionary, decompression)
  if (raw.byteLength !== contentSize) {
    throw new ProtocolError(`zstd frame declares ${contentSize} bytes and holds ${raw.byteLength}`)
  }
  return raw
}

function inflate(
  bytes: Uint8Array,
  contentSize: number,
  dictionary: Uint8Array | undefined,
  context: number,
): Uint8Array {
  try {
    const largest = Math.max(contentSize, bytes.byteLength)
    if (dictionary !== undefined && largest + dictionary.byteLength <= WASM_MAX_BYTES_WITH_DICTIONARY) {
      return decompressUsingDict(context, bytes, dictionary)
    }
    if (dictionary === undefined && largest <= WASM_MAX_BYTES) return wasmDecompress(bytes)
    return zstdDecompressSync(bytes, {
      ...(dictionary === undefined ? {} : { dictionary }),
      maxOutputLength: Math.max(contentSize, 1),
      chunkSize: Math.max(64, contentSize + 1),
    })
  } catch (cause) {
    throw new ProtocolError('zstd frame is damaged', { cause })
  }
}
