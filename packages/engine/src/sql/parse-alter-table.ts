import { isKeyword, nameOf, tokenize } from './tokens.ts'

/** What an ALTER TABLE statement does, names without quotes. */
export type AlterTable =
  | { readonly action: 'rename'; readonly to: string }
  | { readonly action: 'rename column'; readonly column: string; readonly to: string }
  | { readonly action: 'add column' | 'drop column'; readonly column: string }

const constraintWords = ['CONSTRAINT', 'CHECK', 'PRIMARY', 'UNIQUE', 'FOREIGN']

/** Reads the four forms of ALTER TABLE that have to do with names; null for any other. */
export function parseAlterTable(sql: string): AlterTable | null {
  const tokens = [...tokenize(sql)]
  const tableAt = tokens[3]?.text === '.' ? 4 : 2
  const verb = tokens[tableAt + 1]
  let at = tableAt + 2
  if (isKeyword(verb, 'RENAME') && isKeyword(tokens[at], 'TO')) {
    const to = nameOf(tokens[at + 1])
    return to === null ? null : { action: 'rename', to }
  }
  const hasWord = isKeyword(tokens[at], 'COLUMN')
  if (hasWord) at += 1
  const column = nameOf(tokens[at])
  if (column === null || (!hasWord && constraintWords.some((word) => isKeyword(tokens[at], word))))
    return null
  if (isKeyword(verb, 'ADD')) return { action: 'add column', column }
  if (isKeyword(verb, 'DROP')) return { action: 'drop column', column }
  const to = nameOf(tokens[at + 2])
  if (!isKeyword(verb, 'RENAME') || !isKeyword(tokens[at + 1], 'TO') || to === null) return null
  return { action: 'rename column', column, to }
}
