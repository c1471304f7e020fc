import { expect, it } from 'vitest'
import { parseKeyValue } from './key-value.ts'

it.each([
  ['7', 7n],
  ['-7', -7n],
  ['9007199254740993', 9_007_199_254_740_993n],
  ['1.5', 1.5],
  ['1e+21', 1e21],
  ['"7"', '7'],
  [String.raw`"a \"quoted\" text"`, 'a "quoted" text'],
  ["x'00ff'", Buffer.from([0, 255])],
  ['NULL', null],
  ['seven', 'seven'],
  ['7 seas', '7 seas'],
  ['', ''],
])('%s is what a failure shows so', (text, value) => {
  expect(parseKeyValue(text)).toEqual(value)
})
