import { TidemarkError } from '@tidemark/protocol'

/** No token, or not one that this server accepts. */
export class UnauthenticatedError extends TidemarkError {
  override readonly name = 'UnauthenticatedError'
  constructor(message: string, cause?: unknown) {
    super('TIDEMARK_UNAUTHENTICATED', message, { recovery: 'operator', cause })
  }
}

/** The token does not allow this. */
export class ForbiddenError extends TidemarkError {
  override readonly name = 'ForbiddenError'
  constructor(message: string) {
    super('TIDEMARK_FORBIDDEN', message, { recovery: 'operator' })
  }
}
