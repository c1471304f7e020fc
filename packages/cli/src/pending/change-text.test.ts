import { RawText } from '@tidemark/protocol'
import type { LocalChange, Row } from '@tidemark/sdk-node'
import { describe, expect, it } from 'vitest'
import { formatEffect, formatSubject, formatWholeEffect } from './change-text.ts'

const made = { changeId: 7, changeTime: 0 }
const row = { ...made, table: 'note', key: [7n] }
const update = (before: Row, after: Row): LocalChange => ({ ...row, kind: 'update', before, after })
const insert = (after: Row): LocalChange => ({ ...row, kind: 'insert', before: null, after })
const wide = (count: number, value: (column: number) => bigint): Row =>
  Object.fromEntries(Array.from({ length: count }, (_, column) => [`column_${column}`, value(column)]))

describe('what a change is made on', () => {
  it('is its table and the row’s key, a value for each column', () => {
    expect(formatSubject(insert({}))).toBe('insert note, row 7')
    expect(formatSubject({ ...insert({}), table: 'a b', key: ['eu', null] } as LocalChange)).toBe(
      'insert "a b", row "eu", NULL',
    )
    expect(formatSubject({ ...made, kind: 'schema', sql: 'DROP TABLE note' })).toBe('schema')
  })
})

describe('what a change does', () => {
  it('is what differs, of an update: by storage class and byte for byte', () => {
    const before = {
      id: 7n,
      stars: 0n,
      price: 1n,
      data: Buffer.from('a'),
      raw: new RawText(Buffer.from([255])),
    }
    const after = { ...before, stars: 5n, price: 1 }
    expect(formatEffect(update(before, after), 80)).toEqual(['stars: 0 → 5, price: 1 → 1.0'])
    const same = { ...before, data: Buffer.from('a'), raw: new RawText(Buffer.from([255])) }
    expect(formatEffect(update(before, same), 80)).toEqual(['changes no value'])
    const other = { ...before, data: Buffer.from('b'), raw: new RawText(Buffer.from([254])) }
    expect(formatEffect(update(before, other), 80)).toEqual([
      "data: x'61' → x'62', raw: CAST(x'ff' AS TEXT) → CAST(x'fe' AS TEXT)",
    ])
  })

  it('is what an insert writes, what was there before a delete, and the SQL of a schema change', () => {
    const values = { id: 7n, 'the title': 'Milk' }
    expect(formatEffect(insert(values), 80)).toEqual(['id: 7, "the title": "Milk"'])
    expect(formatEffect({ ...row, kind: 'delete', before: values, after: null }, 80)).toEqual([
      'id: 7, "the title": "Milk"',
    ])
    const sql = `CREATE TABLE t (\n${'a'.repeat(80)})`
    expect(formatEffect({ ...made, kind: 'schema', sql }, 30)).toEqual([
      `CREATE TABLE t ( ${'a'.repeat(12)}…`,
    ])
  })

  it('takes two lines of the width, and says how many columns more there are', () => {
    const inserted = formatEffect(insert(wide(40, BigInt)), 40)
    expect(inserted).toEqual([
      'column_0: 0, column_1: 1, column_2: 2',
      'column_3: 3, column_4: 4, column_5: 5',
      'and 34 more columns',
    ])
    expect(formatEffect(insert(wide(7, BigInt)), 40).at(-1)).toBe('and 1 more column')
    expect(formatEffect(insert(wide(6, BigInt)), 40)).toEqual(inserted.slice(0, 2))
  })

  it('has what a long value becomes on a line of its own', () => {
    const lines = formatEffect(update({ a: 'x'.repeat(30) }, { a: 'y'.repeat(3000) }), 60)
    expect(lines).toEqual([`a: "${'x'.repeat(30)}"`, `→ "${'y'.repeat(40)}"… (2.9 KiB)`])
  })
})

describe('what a change does, whole', () => {
  it('is each column in lines of its own, however many there are and however long', () => {
    expect(formatWholeEffect(insert(wide(3, BigInt)), 40)).toEqual([
      'column_0: 0',
      'column_1: 1',
      'column_2: 2',
    ])
    const change = update({ a: 'x'.repeat(3000), b: 1n, c: 5n }, { a: Buffer.alloc(2000), b: 2n, c: 5n })
    expect(formatWholeEffect(change, 60)).toEqual([
      `a: "${'x'.repeat(3000)}"`,
      `→ x'${'00'.repeat(2000)}'`,
      'b: 1 → 2',
    ])
    expect(formatWholeEffect(update({ a: 1n }, { a: 1n }), 60)).toEqual(['changes no value'])
    expect(formatSubject({ ...insert({}), key: ['k'.repeat(500)] } as LocalChange, Infinity)).toBe(
      `insert note, row "${'k'.repeat(500)}"`,
    )
  })

  it('has nothing in it that acts on a terminal, and lines only where they cannot be taken for others', () => {
    const hostile = 'two\n\u001B[2J\u202E\r'
    expect(formatWholeEffect(insert({ a: hostile }), 80)).toEqual([String.raw`a: "two\n\u001b[2J\u202e\r"`])
    expect(formatWholeEffect({ ...made, kind: 'schema', sql: `SELECT ${hostile}` }, 80)).toEqual([
      'SELECT two',
      String.raw`\u001b[2J\u202e\u000d`,
    ])
  })
})
