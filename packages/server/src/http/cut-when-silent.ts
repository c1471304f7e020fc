import type { Socket } from 'node:net'

/**
 * Destroys the connection once nothing has moved on it for `silenceMs`.
 *
 * @returns what ends the watch, and does nothing when it is called again: a connection serves many requests
 */
export function cutWhenSilent(socket: Socket, silenceMs: number): () => void {
  const cut = (): void => {
    socket.destroy()
  }
  socket.setTimeout(silenceMs, cut)
  let isOver = false
  return () => {
    if (isOver) return
    isOver = true
    socket.setTimeout(0, cut)
  }
}
