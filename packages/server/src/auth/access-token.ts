import type { CryptoKey } from 'jose'
import { z } from 'zod'

// jose is loaded where it is used: a server without keys does not need it.

/** What a token lets its holder do; each includes the ones before. */
export const SCOPES = ['read', 'write', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Claim `databases`: scope by database name; `*` is every database, and `admin` of it is the admin API. */
export const databasesClaimSchema: z.ZodRecord<
  z.ZodString,
  z.ZodEnum<{ read: 'read'; write: 'write'; admin: 'admin' }>
> = z.record(z.string(), z.enum(SCOPES))
export type DatabasesClaim = z.output<typeof databasesClaimSchema>

/** An Ed25519 key pair in the form of its JWK; `x` and `kid` go into the server's configuration, `d` stays secret. */
export interface SigningKey {
  readonly kid: string
  readonly x: string
  readonly d: string
}

export interface TokenContent {
  readonly issuer: string
  readonly audience: string
  readonly databases: DatabasesClaim
  readonly expiresInSeconds: number
  /** Who the token is for. */
  readonly subject?: string
}

export async function generateSigningKey(kid: string): Promise<SigningKey> {
  const { generateKeyPair, exportJWK } = await import('jose')
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const { x, d } = await exportJWK(privateKey)
  return { kid, x: x!, d: d! }
}

/** A token signed with `key`. Its id (`jti`), by which it can be revoked, is random. */
export async function mintToken(key: SigningKey, content: TokenContent): Promise<string> {
  const { SignJWT } = await import('jose')
  const token = new SignJWT({ databases: content.databases })
    .setProtectedHeader({ alg: 'EdDSA', kid: key.kid })
    .setIssuer(content.issuer)
    .setAudience(content.audience)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${content.expiresInSeconds}s`)
  if (content.subject !== undefined) token.setSubject(content.subject)
  return token.sign(await importKey(key))
}

/** The public key, or the private one where `d` is given. */
export async function importKey(key: { readonly x: string; readonly d?: string }): Promise<CryptoKey> {
  const { importJWK } = await import('jose')
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.x, ...(key.d === undefined ? {} : { d: key.d }) }
  return (await importJWK(jwk, 'EdDSA')) as CryptoKey
}
