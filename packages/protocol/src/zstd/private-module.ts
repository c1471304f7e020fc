import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import type * as Zstd from '@bokuweb/zstd-wasm'

const require = createRequire(import.meta.url)

/**
 * An instance of the zstd module that nobody else has. A second `init()` of a shared one, by another copy of
 * this package or by the application itself, puts new memory under it: contexts made before point nowhere,
 * and frames come out wrong.
 */
export function privateZstdModule(): typeof Zstd {
  const entry = require.resolve('@bokuweb/zstd-wasm')
  const folder = dirname(entry) + sep
  const shared = Object.entries(require.cache).filter(([path]) => path.startsWith(folder))
  for (const [path] of shared) delete require.cache[path]
  try {
    return require(entry) as typeof Zstd
  } finally {
    for (const path of Object.keys(require.cache)) if (path.startsWith(folder)) delete require.cache[path]
    for (const [path, module] of shared) require.cache[path] = module
  }
}
