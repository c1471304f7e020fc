/** What a worker's main thread and its watchdog thread share. */

/** Places in {@link WatchdogInput.calls}; {@link BEGUN} is the first of {@link BEGUN_PLACES}. */
export const CURRENT_CALL = 0
export const BEGUN = 2
export const BEGUN_PLACES = 4094

export interface WatchdogInput {
  /** 32-bit integers as above. */
  readonly calls: SharedArrayBuffer
  /**
   * One 64-bit float: when the current call's statement must have returned, by {@link monotonicMs}; 0: no
   * statement is running.
   */
  readonly deadline: SharedArrayBuffer
  readonly maxRssBytes: number
  readonly mainProcessId: number
}

/** A clock that nobody sets and that the threads of a process share, milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Why a worker ended itself. */
export interface Verdict {
  readonly reason: 'deadline' | 'memory'
  /** The call whose statement was running; 0 for none. */
  readonly callId: number
  /** Calls that may have had an effect. */
  readonly begun: readonly number[]
}
