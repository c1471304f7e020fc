import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import { tursodb } from './turso-server.ts'

const PEERS = [
  '@tursodatabase/sync',
  '@tursodatabase/serverless',
  '@libsql/client',
  'drizzle-orm',
  'kysely',
] as const

/** Each peer program with the version that is installed. */
export function peerVersions(): Record<string, string> {
  const versions: Record<string, string> = Object.fromEntries(PEERS.map((name) => [name, installed(name)]))
  const said = execFileSync(tursodb(), ['--version'], { encoding: 'utf8' })
  return { ...versions, tursodb: /\d+\.\d+\.\d+\S*/.exec(said)?.[0] ?? said.trim() }
}

function installed(name: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version: string })
        .version
    } catch {
      continue
    }
  }
  throw new Error(`${name} is not installed; looked from ${dirname(import.meta.filename)} upwards`)
}
