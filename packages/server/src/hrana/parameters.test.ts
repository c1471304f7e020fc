import { expect, test } from 'vitest'
import { parameterNames } from './parameters.ts'
import { SqlRefusedError } from './sql-error.ts'

test.each<[string, (string | null)[]]>([
  ['SELECT ?, :a, @b, $c, :a', [null, ':a', '@b', '$c']],
  ['SELECT \'?\', "?", `?`, [?], -- ?\n /* ? */ ?', [null]],
  ["SELECT 'it''s ?', ?3", [null, null, '?3']],
  ["SELECT ? 'not closed ?", [null]],
  ['SELECT ? [not closed ?', [null]],
  ['SELECT ? /* not closed ?', [null]],
])('%s', (sql, names) => {
  expect(parameterNames(sql)).toEqual(names)
})

test.each(['[', '"', "'", '`', '/*', '--', '?32766,', ':', '𝄞'])(
  '%s, a million times, is read in one go',
  (part) => {
    const startedAt = performance.now()
    try {
      parameterNames(`${part.repeat(1_000_000 / part.length)}${part[0]!}`)
    } catch (error) {
      expect(error).toBeInstanceOf(SqlRefusedError)
    }
    expect(performance.now() - startedAt).toBeLessThan(2000)
  },
)

test('more parameters than SQLite takes are refused', () => {
  const many = Array.from({ length: 40_000 }, (_, index) => `:p${index}`)
  expect(() => parameterNames(`SELECT ${many.join()}`)).toThrow(SqlRefusedError)
  expect(() => parameterNames(`SELECT ${many.map(() => '?').join()}`)).toThrow(SqlRefusedError)
})
