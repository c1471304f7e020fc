import { RawText } from '@tidemark/protocol'
import { expect, it } from 'vitest'
import { jsonValue, MAX_JSON_LENGTH } from './value-json.ts'

it.each([
  [null, null],
  [7n, 7],
  [9_007_199_254_740_991n, 9_007_199_254_740_991],
  [9_007_199_254_740_992n, { integer: '9007199254740992' }],
  [-9_223_372_036_854_775_808n, { integer: '-9223372036854775808' }],
  [1.5, 1.5],
  [Number.POSITIVE_INFINITY, { real: 'Infinity' }],
  [Number.NEGATIVE_INFINITY, { real: '-Infinity' }],
  ['text', 'text'],
  [Buffer.from([0, 255]), { blob: '00ff' }],
  [new RawText(Buffer.from([255])), { rawText: 'ff' }],
  ['a'.repeat(500), 'a'.repeat(500)],
  ['ü'.repeat(501), { text: 'ü'.repeat(500), bytes: 1002 }],
  [Buffer.alloc(500), { blob: '00'.repeat(500) }],
  [Buffer.alloc(501), { blob: '00'.repeat(500), bytes: 501 }],
  [new RawText(Buffer.alloc(501, 255)), { rawText: 'ff'.repeat(500), bytes: 501 }],
])('a value is said in JSON, or begun (%#)', (value, json) => {
  expect(jsonValue(value, MAX_JSON_LENGTH)).toEqual(json)
})

it.each([
  ['ü'.repeat(501), 'ü'.repeat(501)],
  [Buffer.alloc(501), { blob: '00'.repeat(501) }],
  [new RawText(Buffer.alloc(501, 255)), { rawText: 'ff'.repeat(501) }],
])('a long value is said whole where nothing limits it (%#)', (value, json) => {
  expect(jsonValue(value, Number.POSITIVE_INFINITY)).toEqual(json)
})
