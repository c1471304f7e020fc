import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../errors.ts'
import { parseServerInfo } from './server-info.ts'

const info = {
  tidemark: 1,
  version: '0.1.0',
  database: 'notes',
  features: ['pull', 'push'],
  limits: { max_push_bytes: 1_000_000, max_wal_pages: 1000 },
}

describe('the description of a server', () => {
  it('is taken, without fields that are not known', () => {
    expect(parseServerInfo({ ...info, later: true, limits: { ...info.limits, more: 1 } })).toEqual(info)
  })

  it('of a later dialect asks for an upgrade', () => {
    expect(() => parseServerInfo({ ...info, tidemark: 2 })).toThrow(
      expect.objectContaining({ recovery: 'upgrade' }),
    )
  })

  it.each([
    [null],
    ['<html>'],
    [[]],
    [{}],
    [{ ...info, version: 1 }],
    [{ ...info, database: null }],
    [{ ...info, features: 'pull' }],
    [{ ...info, features: [1] }],
    [{ ...info, limits: null }],
    [{ ...info, limits: { max_push_bytes: 1 } }],
    [{ ...info, limits: { ...info.limits, max_wal_pages: -1 } }],
    [{ ...info, limits: { ...info.limits, max_push_bytes: 1.5 } }],
  ])('is refused when it is %j', (value) => {
    expect(() => parseServerInfo(value)).toThrow(ProtocolError)
  })
})
