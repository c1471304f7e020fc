import type { CryptoKey, JWTPayload } from 'jose'
import type { ServerConfig } from '../config/server-config.ts'
import { databasesClaimSchema, importKey, SCOPES } from './access-token.ts'
import type { DatabasesClaim, Scope } from './access-token.ts'
import { ForbiddenError, UnauthenticatedError } from './auth-error.ts'

/** Tokens whose signature was found right, so that it is not computed for every request. */
const MAX_VERIFIED = 1000

/** Who makes a request. */
export interface Principal {
  /** For fairness and logs: the token's subject or id. */
  readonly party: string | null
  allows(database: string, scope: Scope): boolean
  /** @throws ForbiddenError unless the token has `scope` for the database */
  require(database: string, scope: Scope): void
  /** @throws ForbiddenError unless the token is for the admin API */
  requireAdmin(): void
}

interface Verified {
  readonly principal: Principal
  readonly expiresAtMs: number
}

const ANYONE: Principal = { party: null, allows: () => true, require: () => {}, requireAdmin: () => {} }

/**
 * Decides who may do what. Without keys everybody may do everything, and the configuration has made sure that
 * this is a loopback server.
 */
export class Authority {
  readonly #config: ServerConfig
  readonly #keys: ReadonlyMap<string, CryptoKey>
  readonly #revoked: ReadonlySet<string>
  readonly #verified = new Map<string, Verified>()

  private constructor(config: ServerConfig, keys: ReadonlyMap<string, CryptoKey>) {
    this.#config = config
    this.#keys = keys
    this.#revoked = new Set(config.revokedTokens)
  }

  static async create(config: ServerConfig): Promise<Authority> {
    const keys = await Promise.all(config.keys.map(async (key) => [key.kid, await importKey(key)] as const))
    return new Authority(config, new Map(keys))
  }

  get isOpen(): boolean {
    return this.#keys.size === 0
  }

  /**
   * @param authorization the header
   * @throws UnauthenticatedError
   */
  async identify(authorization: string | undefined): Promise<Principal> {
    if (this.isOpen) return ANYONE
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) throw new UnauthenticatedError('A token is needed: Authorization: Bearer …')
    const known = this.#verified.get(token)
    if (known !== undefined && known.expiresAtMs > Date.now()) return known.principal
    this.#verified.delete(token)
    const verified = await this.#verify(token)
    if (this.#verified.size >= MAX_VERIFIED) this.#verified.clear()
    this.#verified.set(token, verified)
    return verified.principal
  }

  async #verify(token: string): Promise<Verified> {
    const { payload } = await this.#verifySignature(token)
    if (payload.jti !== undefined && this.#revoked.has(payload.jti)) {
      throw new UnauthenticatedError('The token has been revoked')
    }
    const databases = databasesClaimSchema.safeParse(payload['databases'])
    if (!databases.success) throw new UnauthenticatedError('The token names no databases')
    return { principal: principalOf(payload, databases.data), expiresAtMs: payload.exp! * 1000 }
  }

  async #verifySignature(token: string): Promise<{ readonly payload: JWTPayload }> {
    const { errors, jwtVerify } = await import('jose')
    try {
      return await jwtVerify(
        token,
        ({ kid }) => {
          const key = this.#keys.get(kid ?? '')
          if (key === undefined)
            throw new UnauthenticatedError('The token is signed with a key that is not known')
          return key
        },
        {
          algorithms: ['EdDSA'],
          issuer: this.#config.tokenIssuer,
          audience: this.#config.tokenAudience,
          requiredClaims: ['exp'],
        },
      )
    } catch (error) {
      if (error instanceof UnauthenticatedError) throw error
      throw new UnauthenticatedError(
        error instanceof errors.JWTExpired
          ? 'The token has expired'
          : `The token is not valid: ${error instanceof Error ? error.message : String(error)}`,
        error,
      )
    }
  }
}

function principalOf(payload: JWTPayload, databases: DatabasesClaim): Principal {
  const rankOf = (name: string): number =>
    Object.hasOwn(databases, name) ? SCOPES.indexOf(databases[name]!) : -1
  const allows = (database: string, scope: Scope): boolean =>
    Math.max(rankOf(database), rankOf('*')) >= SCOPES.indexOf(scope)
  return {
    party: payload.sub ?? payload.jti ?? null,
    allows,
    require(database, scope) {
      if (allows(database, scope)) return
      throw new ForbiddenError(`The token does not allow ${scope} access to ${database}`)
    },
    requireAdmin() {
      if (rankOf('*') < SCOPES.indexOf('admin'))
        throw new ForbiddenError('The token is not for administration')
    },
  }
}
