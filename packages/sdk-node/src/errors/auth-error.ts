import { TidemarkError } from '@tidemark/protocol'

/** The server refuses the token (401), or the token's scope does not cover this (403). */
export class AuthError extends TidemarkError {
  override readonly name = 'AuthError'
  readonly status: number | undefined

  constructor(message: string, options: { status?: number; cause?: unknown } = {}) {
    super('TIDEMARK_AUTH', message, { recovery: 'operator', cause: options.cause })
    this.status = options.status
  }
}
