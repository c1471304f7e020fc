export interface PushSettings {
  /** Body of a push; and its changes before compression, times {@link EXPANSION}. */
  readonly maxPushBytes: number
  /** The largest block of changes before compression: bounds the largest row. */
  readonly maxBlockBytes: number
  /** Frames in a client's WAL above which it must checkpoint before it pushes. */
  readonly maxWalPages: number
  readonly turnWaitMs: number
  /** How long, in all, a push that is applied while it arrives may keep its turn only to wait for more of it. */
  readonly arrivalWaitMs: number
  /** Applying one push. */
  readonly applyTimeoutMs: number
}

/** A body of SQL values compresses by about this much at most before one suspects a bomb. */
export const EXPANSION = 64
