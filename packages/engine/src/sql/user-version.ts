/** The number that `PRAGMA user_version = N` sets; null for any other statement. */
export function userVersionOf(sql: string): number | null {
  const match = /^\s*PRAGMA\s+(?:main\.)?user_version\s*=\s*(-?\d{1,10})\s*;?\s*$/i.exec(sql)
  return match === null ? null : Number(match[1])
}
