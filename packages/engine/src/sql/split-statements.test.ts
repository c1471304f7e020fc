import Database from 'better-sqlite3'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitStatements } from './split-statements.ts'

test('semicolons in strings, names, comments and trigger bodies do not end a statement', () => {
  const statements = [
    `SELECT ';', "a;""b", [c;d], \`e;\`\`f\` -- ; g`,
    'SELECT 1 /* ; */ + 2',
    "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT CASE WHEN 1 THEN 2 END; UPDATE y SET z = ';'; END",
    'CREATE TEMP TRIGGER IF NOT EXISTS main.t AFTER INSERT ON x WHEN NEW.a BEGIN DELETE FROM y; END',
    'EXPLAIN QUERY PLAN SELECT 1',
    'BEGIN',
    'END',
    "SELECT 'unterminated ; string",
  ]
  expect(
    splitStatements(`  ;; ${statements.slice(0, 1).join('')}\n; ${statements.slice(1).join('; ')}`),
  ).toEqual([statements[0]!.replace(/ --.*/, ''), ...statements.slice(1)])
})

test('nothing comes of blanks and comments', () => {
  expect(splitStatements(' -- only\n/* comments */ ; ;')).toEqual([])
  expect(splitStatements('')).toEqual([])
})

test('what is split can be run piece by piece to the same end', () => {
  const piece = fc.constantFrom(
    'CREATE TABLE IF NOT EXISTS a(x)',
    'INSERT INTO a VALUES(\'x;y\'), ("\u00f6;")'.replaceAll('"', "'"),
    'CREATE TRIGGER IF NOT EXISTS t AFTER INSERT ON a BEGIN INSERT INTO b VALUES(NEW.x); SELECT CASE 1 WHEN 1 THEN 2 END; END',
    'CREATE TABLE IF NOT EXISTS b(x) -- ; c\n',
    '/* ; */',
    '',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const script = ['CREATE TABLE a(x)', 'CREATE TABLE b(x)', ...pieces].join(';')
      const [whole, split] = [new Database(':memory:'), new Database(':memory:')]
      whole.exec(script)
      for (const statement of splitStatements(script)) split.prepare(statement).run()
      expect(split.serialize().equals(whole.serialize())).toBe(true)
    }),
    { numRuns: 50 },
  )
})
