import { expect, it } from 'vitest'
import type { ListItem } from './change-list.ts'
import { formatPendingList, type PendingList } from './pending-text.ts'

const item: ListItem = { number: 7, timeMs: 0, lines: ['schema', 'SELECT 1'], json: {} }
const none: PendingList = {
  table: null,
  notPending: [],
  changes: [],
  hasMore: false,
  pending: 0,
  setAside: [],
  hasMoreSetAside: false,
  rejected: 0,
}
const some = { ...none, changes: [item, item], pending: 2 }
const more = { ...some, hasMore: true, pending: 5000 }

/** The list but for the changes themselves. */
const frame = (list: PendingList): string[] =>
  formatPendingList(list)
    .split('\n\n')
    .filter((part) => !part.includes('1970'))

it.each<[string, PendingList, string[]]>([
  ['nothing', none, ['Nothing is pending.']],
  [
    'nothing in a table',
    { ...none, table: 'a b', pending: 3 },
    ['Nothing is pending in table "a b"; 3 changes in all.'],
  ],
  ['all', some, ['2 changes pending:']],
  ['all of a table', { ...some, table: 'note', pending: 9 }, ['2 changes pending in table note:']],
  [
    'some',
    more,
    ['The first 2 of 5,000 pending changes:', '4,998 more changes pending; --limit lists more.'],
  ],
  [
    'some of a table',
    { ...more, table: 'note' },
    [
      'The first 2 changes pending in table note:',
      'More changes pending in this table, 5,000 changes in all; --limit lists more.',
    ],
  ],
  [
    'what was set aside',
    { ...none, setAside: [item], rejected: 2, hasMoreSetAside: true },
    [
      'Nothing is pending.',
      'Set aside, refused by the server (`discard --rejected NUMBER` drops one):',
      'More was set aside; --limit lists more.',
    ],
  ],
  ['a change that is not there', { ...none, notPending: [7] }, ['Change 7 is not pending.']],
  [
    'changes of which none is there',
    { ...none, notPending: [7, 9], pending: 3 },
    ['Changes 7, 9 are not pending; 3 changes in all.'],
  ],
  [
    'changes of which one is not there',
    { ...some, notPending: [9] },
    ['2 changes pending:', 'Change 9 is not pending.'],
  ],
])('says of %s what it is', (_, list, parts) => {
  expect(frame(list)).toEqual(parts)
})
