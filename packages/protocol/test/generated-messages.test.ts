import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const packageFolder = join(import.meta.dirname, '..')
const scratch = mkdtempSync(join(tmpdir(), 'tidemark-generated-'))

afterAll(() => rmSync(scratch, { recursive: true }))

describe('generated message code', () => {
  it('is what the .proto files give', () => {
    execFileSync(process.execPath, [join(packageFolder, 'scripts/generate-messages.mjs'), scratch])
    for (const file of ['messages.js', 'messages.d.ts']) {
      const committed = readFileSync(join(packageFolder, 'src/messages/generated', file), 'utf8')
      expect(readFileSync(join(scratch, file), 'utf8') === committed, file).toBe(true)
    }
  })
})
