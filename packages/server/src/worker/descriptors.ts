/** Descriptors that a worker process inherits: frames to it, frames from it; the watchdog's last word. */
export const CALLS_DESCRIPTOR = 3
export const ANSWERS_DESCRIPTOR = 4
export const VERDICT_DESCRIPTOR = 5
