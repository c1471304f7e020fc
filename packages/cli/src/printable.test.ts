import { expect, it } from 'vitest'
import { printableName, printableStart, quoted, withoutEscapes } from './printable.ts'

/** What a terminal acts on, or what changes how other characters are shown. */
const HOSTILE = '\u001B[31m \u0007 \u007F \u009B31m \u061C \u200E \u202E \u2028 \u2066 \u{E0041} \r'

it('quotes a text as in JSON, with nothing in it that acts on a terminal', () => {
  const text = quoted(`${HOSTILE}"\n`)
  expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  expect(JSON.parse(text)).toBe(`${HOSTILE}"\n`)
  expect(quoted('ünïcødé 日本語 👩')).toBe('"ünïcødé 日本語 👩"')
})

it('leaves JSON the value that it is, and its lines', () => {
  const json = JSON.stringify({ [HOSTILE]: [HOSTILE] }, null, 2)
  const shown = withoutEscapes(json)
  expect(shown.split('\n')).toHaveLength(json.split('\n').length)
  expect(shown).not.toMatch(/[\u0080-\u009F\u202E]/u)
  expect(JSON.parse(shown)).toEqual(JSON.parse(json))
})

it.each([
  ['note', 'note'],
  ['größe_2', 'größe_2'],
  ['two words', '"two words"'],
  ['a, b', '"a, b"'],
  ['red\u001B[31m', String.raw`"red\u001b[31m"`],
  ['', '""'],
  ['n'.repeat(70), `"${'n'.repeat(60)}"…`],
])('shows the name %j as %s', (name, text) => {
  expect(printableName(name)).toBe(text)
})

it.each([
  ['CREATE TABLE t (\n  a,\r\n\tb\n)', 'CREATE TABLE t ( a, b )'],
  ['-- \u001B[31m', String.raw`-- \u001b[31m`],
  ['x'.repeat(31), `${'x'.repeat(29)}…`],
  [`${'x'.repeat(28)}👩${'x'.repeat(9)}`, `${'x'.repeat(28)}…`],
])('begins %j as %s, in one line', (text, start) => {
  expect(printableStart(text, 30)).toBe(start)
})
