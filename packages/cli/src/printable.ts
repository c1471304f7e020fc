/** Control characters, and those that are not seen but change how others are shown. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const PLAIN_NAME = /^[\p{L}\p{M}\p{N}_$.-]{1,60}$/u
const MAX_NAME_LENGTH = 60

/**
 * A text of which nothing acts on the terminal: escape sequences and the like are written as in JSON,
 * `\u001b`, and JSON is the same JSON. Lines stay lines.
 */
export function withoutEscapes(text: string): string {
  return text.replaceAll(INVISIBLE, (character) => (character === '\n' ? character : escaped(character)))
}

/** The beginning of somebody else's text, in one line of at most about `maxLength` characters. */
export function printableStart(text: string, maxLength: number): string {
  // What is behind that much white space is not worth looking for.
  const line = withoutEscapes(
    startOf(text, 4 * maxLength)
      .replaceAll(/\s+/gu, ' ')
      .trim(),
  )
  return line.length <= maxLength ? line : `${startOf(line, maxLength - 1)}…`
}

/** The name of a table or column, in quotes where it might be taken for something else. */
export function printableName(name: string): string {
  if (PLAIN_NAME.test(name)) return name
  const start = startOf(name, MAX_NAME_LENGTH)
  return `${quoted(start)}${start === name ? '' : '…'}`
}

/** A text in quotes, as in JSON. */
export function quoted(text: string): string {
  return withoutEscapes(JSON.stringify(text))
}

/**
 * The beginning of a text, without half a character at its end. A string of its own: what `slice` gives keeps
 * the whole text in memory.
 */
export function startOf(text: string, maxLength: number): string {
  const start = text.slice(0, maxLength).replace(/[\ud800-\udbff]$/u, '')
  return Buffer.from(start, 'utf16le').toString('utf16le')
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => String.raw`\u${unit.toString(16).padStart(4, '0')}`).join('')
}
