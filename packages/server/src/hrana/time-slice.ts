import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'

/** Others get the event loop at least this often. */
const SLICE_MS = 10

/** Lets the other requests of a worker have their turn between two statements of a long one. */
export class TimeSlice {
  #end: number = performance.now() + SLICE_MS

  /** To be called after each statement. */
  async giveWay(): Promise<void> {
    if (performance.now() <= this.#end) return
    await nextTurnOfLoop()
    this.#end = performance.now() + SLICE_MS
  }
}
