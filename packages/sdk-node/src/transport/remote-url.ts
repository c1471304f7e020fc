import { OptionsError } from '../errors/options-error.ts'

const HTTP_SCHEMES: Readonly<Record<string, string>> = {
  'http:': 'http:',
  'https:': 'https:',
  'libsql:': 'https:',
  'turso:': 'https:',
}

/**
 * The base URL of a database's endpoints, without a trailing slash. `libsql://` and `turso://` mean `https://`.
 *
 * @throws OptionsError for anything that is not such a URL, or carries credentials, a query or a fragment
 */
export function parseRemoteUrl(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(text)?.[1]?.toLowerCase()
  const http = scheme === undefined ? undefined : HTTP_SCHEMES[scheme]
  if (scheme === undefined || http === undefined) {
    throw new OptionsError(
      'url',
      `expected http://, https://, libsql:// or turso://, got ${JSON.stringify(text)}`,
    )
  }
  const address = `${http}${text.slice(scheme.length)}`
  if (!URL.canParse(address)) {
    throw new OptionsError('url', `${JSON.stringify(text)} is not a URL`)
  }
  const url = new URL(address)
  if (url.username !== '' || url.password !== '') {
    throw new OptionsError('url', 'credentials do not belong into the URL; use authToken')
  }
  if (url.search !== '' || url.hash !== '') {
    throw new OptionsError('url', 'a query or a fragment has no meaning here')
  }
  return url.href.replace(/\/+$/, '')
}
