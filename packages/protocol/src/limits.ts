/**
 * Bounds of what is sent and accepted, in bytes unless the name says otherwise. Encoders keep them; decoders raise a
 * LimitError (or a ProtocolError, where the protocol itself fixes the bound) before they take memory for more. Decoders
 * whose bounds an operator may want to change take them as options; these are then the defaults.
 */
export const PROTOCOL_LIMITS = {
  /** Pages in one group of the Tidemark pull stream. Fixed by the protocol. */
  pagesPerGroup: 64,
  /** One message of a pull stream: a group of incompressible pages and what surrounds them. Fixed by the protocol. */
  pullMessageBytes: 327_680,
  /** Largest database, in pages. SQLite's own limit. */
  pages: 0xffff_fffe,
  /** A pull request, with its page selector. */
  pullRequestBytes: 16_777_216,
  /**
   * Change data in one push block, before compression, above which the encoder starts another. A single
   * larger change makes a larger block.
   */
  blockBytes: 262_144,
  /** Largest push block, before compression: bounds the largest row that can be pushed. */
  maxBlockBytes: 268_435_456,
  /** All blocks of one push, before compression. */
  pushBytes: 68_719_476_736,
  /** Table shapes in one push; a table whose columns change during the push has several. */
  tablesPerPush: 10_000,
  /** Columns of one table; SQLite's own hard limit. */
  columnsPerTable: 32_767,
  /** Columns of all table shapes of one push. */
  columnsPerPush: 1_000_000,
  /** One table shape, encoded. */
  tableShapeBytes: 4_194_304,
  /** Values in one run of changes: what a decoder holds at a time. A single wider row makes a larger run. */
  cellsPerRun: 65_536,
  /** The header of a push. */
  pushHeaderBytes: 65_536,
  /** Revisions, client ids, in UTF-16 units. */
  identifierLength: 1024,
  /** A push response without its rowid map. Conflict rows beyond it are counted, not sent. */
  pushResponseRowBytes: 1_048_576,
  /** Conflict rows in a push response. Rows beyond it are counted, not sent. */
  pushResponseRows: 1000,
  /** A whole push response. */
  pushResponseBytes: 67_108_864,
  /** Steps and conditions of all Hrana batches of a request, arguments of one statement. */
  hranaSteps: 100_000,
  hranaConditions: 1_000_000,
  hranaArguments: 32_767,
  /** Requests in one Hrana pipeline. */
  hranaRequests: 10_000,
  /** How deep Hrana conditions nest. */
  hranaConditionDepth: 64,
  /** SQL text of one Hrana statement or script, in UTF-16 units. */
  hranaSqlLength: 67_108_864,
  /** Entries of a rowid map. */
  rowidMappings: 4_194_304,
  /** Pushed rows that serve as a dictionary for their echo, and their bytes together. */
  echoRows: 262_144,
  echoBytes: 33_554_432,
  /** Pages in one answer of page hashes. */
  pageHashesPerRequest: 1_048_576,
} as const
