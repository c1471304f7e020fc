import { stripVTControlCharacters } from 'node:util'
import type { PendingChange, RejectedChange } from '@tidemark/sdk-node'
import { expect, it } from 'vitest'
import { formatChanges, formatRejected, pendingItem, rejectedItem } from './change-list.ts'

const HOUR_MS = 3_600_000
const layout = { width: 80, isWhole: false }
const reason = { sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE', message: 'UNIQUE\u001B[31m failed' }

function inserted(changeId: number, changeTime: number): PendingChange {
  return {
    kind: 'insert',
    changeId,
    changeTime,
    table: 'note',
    key: [7n],
    before: null,
    after: { id: 7n },
    blocked: null,
  }
}

it('lists changes under the moments of their making, with what blocks them', () => {
  const changes = [
    inserted(9, 0),
    inserted(10, 999),
    { ...inserted(11, HOUR_MS), blocked: reason },
    inserted(12, 0),
  ].map((change) => pendingItem(change, layout))
  expect(stripVTControlCharacters(formatChanges(changes)).split('\n')).toEqual([
    '1970-01-01 00:00:00 UTC',
    '   9  insert note, row 7',
    '      id: 7',
    '  10  insert note, row 7',
    '      id: 7',
    '1970-01-01 01:00:00 UTC',
    '  11  insert note, row 7',
    '      id: 7',
    String.raw`      blocked: UNIQUE\u001b[31m failed (SQLITE_CONSTRAINT_UNIQUE)`,
    '1970-01-01 00:00:00 UTC',
    '  12  insert note, row 7',
    '      id: 7',
  ])
})

it('lists what was set aside by the change that was refused, with the reason and what went with it', () => {
  const { blocked: _blocked, ...refused } = inserted(9, 0)
  const entry: RejectedChange = { id: 9, rejectedAt: HOUR_MS, ...reason, changes: [refused] }
  const earlier = { ...refused, changeId: 8, key: [8n] }
  const entries = [entry, { ...entry, id: 9, changes: [earlier, refused, { ...refused, changeId: 10 }] }].map(
    (listed) => rejectedItem(listed, layout),
  )
  const one = [
    '1970-01-01 01:00:00 UTC',
    '  9  insert note, row 7',
    '     id: 7',
    String.raw`     refused: UNIQUE\u001b[31m failed (SQLITE_CONSTRAINT_UNIQUE)`,
  ]
  expect(stripVTControlCharacters(formatRejected(entries)).split('\n')).toEqual([
    ...one,
    ...one,
    '     with 2 other changes that went with it',
  ])
})

it('shows an insert and a refused change with whole values where it is told to, as text and as JSON', () => {
  const long = 'x'.repeat(5000)
  const change = { ...inserted(9, 0), after: { id: 7n, long } }
  const { blocked: _blocked, ...refused } = change
  const whole = { width: 80, isWhole: true }
  const pending = pendingItem(change, whole)
  expect(pending.lines).toEqual(['insert note, row 7', 'id: 7', `long: "${long}"`])
  expect(pending.json).toMatchObject({ after: { long } })
  const entry: RejectedChange = { id: 9, rejectedAt: 0, ...reason, changes: [refused] }
  const rejected = rejectedItem(entry, whole)
  expect(rejected.lines.slice(0, 3)).toEqual(pending.lines)
  expect(rejected.json).toMatchObject({ refused: { after: { long } } })
})
