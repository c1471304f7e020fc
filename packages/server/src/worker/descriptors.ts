/** Descriptors that a worker process inherits: frames both ways; the watchdog's last word. */
export const FRAMES_DESCRIPTOR = 3
export const VERDICT_DESCRIPTOR = 4
