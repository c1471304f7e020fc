import { TidemarkError } from '@tidemark/protocol'

/** No token, or not one that this server accepts. */
export class UnauthenticatedError extends TidemarkError {
  override readonly name = 'UnauthenticatedError'
  constructor(message: string, cause?: unknown) {
    super('TIDEMARK_UNAUTHENTICATED', message, { recovery: 'operator', cause })
  }
}

/** The client wants its database encrypted with a key that it sends. */
export class EncryptionUnavailableError extends TidemarkError {
  override readonly name = 'EncryptionUnavailableError'
  constructor() {
    const message =
      'This server does not encrypt databases, and would store in the clear what is to be encrypted: connect without `remoteEncryption` or `remoteEncryptionKey`'
    super('TIDEMARK_ENCRYPTION_UNAVAILABLE', message, { recovery: 'operator' })
  }
}

/** The token does not allow this. */
export class ForbiddenError extends TidemarkError {
  override readonly name = 'ForbiddenError'
  constructor(message: string) {
    super('TIDEMARK_FORBIDDEN', message, { recovery: 'operator' })
  }
}
