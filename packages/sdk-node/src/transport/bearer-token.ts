import { TidemarkError } from '@tidemark/protocol'
import { NetworkError } from '../errors/network-error.ts'
import { OptionsError } from '../errors/options-error.ts'
import { describe } from '../options/check-option.ts'
import { untilAborted } from '../sync/turns.ts'

/** What a header can have. A token as a text file has it ends in a line break, which it cannot. */
const SENDABLE = /^[ -~]*$/

/**
 * The token that the application gives for a request. A function that never answers is given up as the
 * request would be: the sync lock is held meanwhile.
 *
 * @param deadline aborted when the request has taken too long
 * @throws the reason of `signal`; NetworkError with the recovery `retry` when `authToken` fails or takes too
 * long, but a TidemarkError of it as it is; OptionsError for what is no token
 */
export async function bearerToken(
  authToken: () => string | Promise<string>,
  signal: AbortSignal,
  deadline: AbortSignal,
): Promise<string> {
  try {
    return checkToken(await untilAborted(AbortSignal.any([signal, deadline]), ask(authToken)))
  } catch (cause) {
    signal.throwIfAborted()
    if (!deadline.aborted) throw cause
    throw new NetworkError('authToken gave no token in time', { code: 'TIDEMARK_TIMEOUT', cause })
  }
}

async function ask(authToken: () => string | Promise<string>): Promise<unknown> {
  try {
    return await authToken()
  } catch (cause) {
    if (cause instanceof TidemarkError) throw cause
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new NetworkError(`authToken gave no token: ${said}`, { cause })
  }
}

function checkToken(token: unknown): string {
  if (typeof token !== 'string') throw new OptionsError('authToken', `gave ${describe(token)}, not a string`)
  if (!SENDABLE.test(token))
    throw new OptionsError(
      'authToken',
      'has a character that cannot be sent; perhaps a line break at its end?',
    )
  return token
}
