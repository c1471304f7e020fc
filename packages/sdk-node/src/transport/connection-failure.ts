/** What OpenSSL says of an answer that is not TLS. */
const NO_TLS = 'wrong version number'
/** What the HTTP parsers of Node's client and of its `fetch` say of an answer that is not HTTP. */
const NO_HTTP = 'Expected HTTP/'

/** What an address did, for an error of `fetch`, of a socket, of TLS, or of the HTTP parser, which say little. */
export function connectionFailure(error: unknown): string {
  const cause = innermost(error)
  const message = cause instanceof Error ? cause.message : String(cause)
  if (message.includes(NO_TLS)) return 'cannot be reached: the server speaks no HTTPS there; try http://'
  if (message.includes(NO_HTTP))
    return `cannot be reached: what answers there speaks no HTTP, perhaps HTTPS; try https:// (${message})`
  return `cannot be reached, or the connection was cut: ${message}`
}

function innermost(error: unknown): unknown {
  let deepest = error
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause
  return deepest instanceof AggregateError ? (deepest.errors[0] ?? deepest) : deepest
}
