// Writes test/golden: `pnpm run golden`. A file that changes is a change of the wire
// format, which older clients and servers must still understand.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { initProtocol } from '../../src/zstd/zstd.ts'
import { GOLDEN_VECTORS, toJson } from './golden-vectors.ts'

const folder = join(import.meta.dirname, '../golden')
mkdirSync(folder, { recursive: true })
await initProtocol()
for (const { name, encode, decode } of GOLDEN_VECTORS) {
  const bytes = encode()
  writeFileSync(join(folder, `${name}.bin`), bytes)
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(toJson(decode(bytes)), null, 2)}\n`)
}
