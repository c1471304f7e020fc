import { expect, test } from 'vitest'
import { parseCreateTrigger } from './parse-create-trigger.ts'

const parts = (sql: string): unknown => {
  const { firesForInserts, when, body } = parseCreateTrigger(sql)
  return [firesForInserts, when?.trim() ?? null, body.map(({ writes, text }) => [writes, text])]
}

test('a trigger in its parts', () => {
  expect(
    parts(`CREATE TRIGGER IF NOT EXISTS "on; begin" AFTER INSERT ON t FOR EACH ROW WHEN new.begin > CASE 1 WHEN 2 THEN 3 END
      BEGIN INSERT OR REPLACE INTO [f]("a;b") VALUES (new.a, ';'); /* ; */ UPDATE OR IGNORE g SET x = CASE WHEN 1 THEN 2 END;
      DELETE FROM "h""i" WHERE 1; SELECT RAISE(ABORT, 'no'); END`),
  ).toEqual([
    true,
    'new.begin > CASE 1 WHEN 2 THEN 3 END',
    [
      ['f', `INSERT OR REPLACE INTO [f]("a;b") VALUES (new.a, ';')`],
      ['g', 'UPDATE OR IGNORE g SET x = CASE WHEN 1 THEN 2 END'],
      ['h"i', 'DELETE FROM "h""i" WHERE 1'],
      [null, `SELECT RAISE(ABORT, 'no')`],
    ],
  ])
  expect(
    parts('create trigger x before update of begin, "end" on t begin replace into u values (1); end'),
  ).toEqual([false, null, [['u', 'replace into u values (1)']]])
})

test('the head of a trigger is all up to its body', () => {
  expect(parseCreateTrigger('CREATE TRIGGER x AFTER DELETE ON t BEGIN DELETE FROM u; END').head).toBe(
    'CREATE TRIGGER x AFTER DELETE ON t BEGIN',
  )
})
