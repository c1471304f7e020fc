import type { HranaStatement } from '@tidemark/protocol'
import { expect, test } from 'vitest'
import { bindArguments, parameterNames } from './parameters.ts'
import type { Bindings } from './parameters.ts'
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

const statement = (sql: string, values: readonly number[]): HranaStatement => ({
  sql,
  sql_id: null,
  args: values.map((value) => ({ type: 'integer', value: String(value) })),
  named_args: [],
  want_rows: true,
})

const bind = (sql: string, values: readonly number[]): Bindings =>
  bindArguments(statement(sql, values), parameterNames(sql))

test.each(['SELECT :a, $a', 'SELECT @a, :b, :a', 'SELECT ?1, $1'])(
  'parameters that differ in their first character alone are refused, not bound to one value: %s',
  (sql) => {
    expect(() => bind(sql, [1, 2, 3].slice(0, parameterNames(sql).length))).toThrow(SqlRefusedError)
  },
)

test('any name is bound', () => {
  const { named } = bind('SELECT :__proto__, :constructor, :😀', [1, 2, 3])
  expect(Object.entries(named)).toEqual([
    ['__proto__', 1n],
    ['constructor', 2n],
    ['😀', 3n],
  ])
})

test('a parameter with several names has its first, as in SQLite', () => {
  expect(bind('SELECT :a, ?1', [1])).toMatchObject({ named: { a: 1n } })
  expect(bind('SELECT ?001, ?1', [1])).toMatchObject({ named: { '001': 1n } })
})
