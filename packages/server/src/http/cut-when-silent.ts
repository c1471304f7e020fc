import type { Socket } from 'node:net'

/** Destroys the connection once nothing has moved on it for `silenceMs`. Returns what ends the watch: a connection serves many requests. */
export function cutWhenSilent(socket: Socket, silenceMs: number): () => void {
  const cut = (): void => {
    socket.destroy()
  }
  socket.setTimeout(silenceMs, cut)
  return () => {
    socket.setTimeout(0, cut)
  }
}
