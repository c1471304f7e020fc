import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { peerVersions } from './peers/versions.ts'

test('the peers are the versions that the tests were written for', () => {
  const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const versions = peerVersions()
  process.stdout.write(
    `${Object.entries(versions)
      .map(([name, version]) => `peer ${name} ${version}`)
      .join('\n')}\n`,
  )
  for (const name of ['@tursodatabase/sync', '@tursodatabase/serverless', '@libsql/client'])
    expect(versions[name]).toBe(manifest.dependencies[name])
  expect(versions['tursodb']).toBe(manifest.dependencies['turso'])
})
