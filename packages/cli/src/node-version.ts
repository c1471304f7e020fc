const REQUIRED = [22, 19] as const

/**
 * What is wrong with this version of Node, or null. Checked before anything else is imported: better-sqlite3's binary
 * crashes the process on an older Node instead of raising an error.
 */
export function nodeVersionProblem(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const enough = major > REQUIRED[0] || (major === REQUIRED[0] && minor >= REQUIRED[1])
  if (enough) return null
  return `needs Node ${REQUIRED.join('.')} or newer, this is Node ${version}. Install a current Node and run it again.`
}
