import { expect, test } from 'vitest'
import { capturedDatabase, contents, push, receiver } from '../../test/captured-database.ts'

const kinds: Record<string, string> = {
  'an INTEGER PRIMARY KEY': 'CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)',
  'a text key': 'CREATE TABLE t(id TEXT PRIMARY KEY, a, b)',
  'a composite key': 'CREATE TABLE t(id, a, b, PRIMARY KEY(id, a))',
  'no key': 'CREATE TABLE t(id, a, b)',
  'no rowid': 'CREATE TABLE t(id PRIMARY KEY, a, b) WITHOUT ROWID',
}

for (const [kind, sql] of Object.entries(kinds)) {
  test(`I2: rows of a table with ${kind} arrive as they are`, () => {
    const a = capturedDatabase(sql)
    const b = receiver(sql)
    a.exec("INSERT INTO t VALUES(1,'x',1.0),(2,'y',NULL),(3,'z',x'00ff')")
    expect(push(a, b)).toMatchObject({ type: 'ok' })
    expect(contents(b.db)).toEqual(contents(a))
    a.exec("UPDATE t SET b = 'longer than thirty-two bytes, so that it is a digest' WHERE id = 2")
    a.exec('DELETE FROM t WHERE id = 1; UPDATE t SET id = 9 WHERE id = 3')
    expect(push(a, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
    a.exec("UPDATE t SET b = 'short' WHERE id = 2; DELETE FROM t WHERE id = 9")
    expect(push(a, b)).toMatchObject({ type: 'ok', overwrittenCount: 0 })
    expect(contents(b.db)).toEqual(contents(a))
  })
}
