import { expect, test } from 'vitest'
import { isPassing } from './remote-failure.ts'

test.each([
  ['SQLITE_FULL', 'database or disk is full'],
  ['SQLITE_IOERR_WRITE', 'no words that say so'],
  ['SQLITE_BUSY', 'the writer has it'],
  ['SQLITE_READONLY', 'attempt to write'],
  ['SQLITE_ERROR', 'database is locked'],
  ['UNKNOWN', 'Runtime error: I/O error (10)'],
])('%s, “%s”, is not the fault of the change: it is not refused', (code, message) => {
  expect(isPassing({ code, message })).toBe(true)
})

test.each([
  ['SQLITE_CONSTRAINT_UNIQUE', 'UNIQUE constraint failed: disk.busy'],
  ['SQLITE_MISMATCH', 'datatype mismatch'],
  ['SQLITE_ERROR', 'no such table: t'],
  ['PREPARE_ERROR', 'Parse error: no such table: "disk_usage"'],
  ['PREPARE_ERROR', 'Parse error: table t has no column named locked'],
  ['PREPARE_ERROR', 'Parse error: table busy already exists'],
  ['SQLITE_ERROR', 'no such column: locked'],
  ['SQLITE_ERROR', 'table disk has no column named x'],
  ['UNKNOWN', 'Runtime error: CHECK constraint failed: busy (19)'],
])('%s, “%s”, is', (code, message) => {
  expect(isPassing({ code, message })).toBe(false)
})
