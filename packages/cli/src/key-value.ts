import type { SqlValue } from '@tidemark/protocol'
import { InvalidArgumentError } from 'commander'

/**
 * A value of a row's key, written as failures show it: `7`, `1.5`, `"a text"`, `x'00ff'`, `NULL`. Anything
 * else is text.
 *
 * @throws InvalidArgumentError for a text that has quotes and is not JSON
 */
export function parseKeyValue(text: string): SqlValue {
  if (/^-?\d+$/u.test(text)) return BigInt(text)
  if (/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/iu.test(text)) return Number(text)
  if (text.startsWith('"')) return parseQuoted(text)
  const [, hex] = /^x'((?:[\da-f]{2})*)'$/iu.exec(text) ?? []
  if (hex !== undefined) return Buffer.from(hex, 'hex')
  return text === 'NULL' ? null : text
}

function parseQuoted(text: string): string {
  try {
    return JSON.parse(text) as string
  } catch {
    throw new InvalidArgumentError('a text in quotes is written as in JSON.')
  }
}
