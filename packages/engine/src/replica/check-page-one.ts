import { PAGE_SIZE, ProtocolError } from '@tidemark/protocol'

const MAGIC = Buffer.from('SQLite format 3\0', 'latin1')
const CHANGE_COUNTER = 24
const SIZE_IN_PAGES = 28
const VERSION_VALID_FOR = 92
/** Where the schema table's first page begins: its type, its cells. */
const TREE_HEADER = 100
const LEAF = 13
const INTERIOR = 5

/**
 * Checks a page 1 from a server before it replaces that of the replica: with another one SQLite would not
 * open the file any more, with all that is in it. What SQLite looks at when it opens a database,
 * https://www.sqlite.org/fileformat2.html, section 1.3.
 *
 * @returns the size that it gives the database, in pages; 0 where it says nothing of it
 * @throws ProtocolError
 */
export function checkPageOne(image: Uint8Array): number {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  if (MAGIC.compare(image, 0, MAGIC.length) !== 0) throw malformed('does not begin a SQLite database')
  if (view.getUint16(16) !== PAGE_SIZE) throw malformed(`has a page size other than ${PAGE_SIZE}`)
  if (![1, 2].includes(image[18]!) || ![1, 2].includes(image[19]!))
    throw malformed('is of a newer file format')
  if (image[20] !== 0) throw malformed('reserves bytes in each page')
  if (image[21] !== 64 || image[22] !== 32 || image[23] !== 32) throw malformed('has odd payload fractions')
  if (image[TREE_HEADER] !== LEAF && image[TREE_HEADER] !== INTERIOR)
    throw malformed('does not begin a schema')
  const cellsEnd = TREE_HEADER + (image[TREE_HEADER] === LEAF ? 8 : 12) + view.getUint16(TREE_HEADER + 3) * 2
  if (cellsEnd > PAGE_SIZE) throw malformed('has more cells than it can hold')
  const isValid = view.getUint32(CHANGE_COUNTER) === view.getUint32(VERSION_VALID_FOR)
  return isValid ? view.getUint32(SIZE_IN_PAGES) : 0
}

function malformed(what: string): ProtocolError {
  return new ProtocolError(`The first page that the server sends ${what}`)
}
