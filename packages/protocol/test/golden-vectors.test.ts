import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { initProtocol } from '../src/zstd/zstd.ts'
import { GOLDEN_VECTORS, toJson } from './support/golden-vectors.ts'

const folder = join(import.meta.dirname, 'golden')

beforeAll(async () => initProtocol())

describe('golden vectors', () => {
  it.each(GOLDEN_VECTORS)('$name means what it always meant', ({ name, decode }) => {
    const content = decode(readFileSync(join(folder, `${name}.bin`)))
    expect(toJson(content)).toEqual(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')))
  })

  it.each(GOLDEN_VECTORS.filter((vector) => !vector.compressed))(
    '$name is written as it always was',
    ({ name, encode }) => {
      expect(Buffer.from(encode()).toString('hex')).toBe(readFileSync(join(folder, `${name}.bin`), 'hex'))
    },
  )

  it('has no file without a vector', () => {
    const expected = GOLDEN_VECTORS.flatMap(({ name }) => [`${name}.bin`, `${name}.json`])
    expect(readdirSync(folder).toSorted()).toEqual(expected.toSorted())
  })
})
