import { InvalidArgumentError } from 'commander'

/**
 * Checks the address of a server, as `--url` has it.
 *
 * @throws InvalidArgumentError for what no request can be sent to
 */
export function parseServerUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new InvalidArgumentError("a server's address is like http://localhost:8080.")
  if (url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('a name and a password are not asked for; give --token.')
  return text
}
