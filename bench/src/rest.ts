import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Longer than the event loop takes to come to what was begun behind an answer; a timer does not fire in the
 * middle of that.
 */
const REST_MS = 20

/**
 * Lets the replicas of this process end what they do behind an answer, such as the checkpoint of a long WAL.
 * The writer and the reader of a work are in one process, and would be on two machines: what one does then is
 * not what the other is measured by.
 */
export async function rest(): Promise<void> {
  await sleep(REST_MS)
}
