// Writes src/messages/generated from the .proto files: `pnpm run generate`. With a directory as argument, writes there.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const cliFolder = dirname(require.resolve('protobufjs-cli/package.json'))
const messages = join(import.meta.dirname, '../src/messages')
const target = process.argv[2] ?? join(messages, 'generated')
mkdirSync(target, { recursive: true })

const run = (tool, args) =>
  execFileSync(process.execPath, [join(cliFolder, 'bin', tool), ...args], { stdio: 'inherit' })

// No create, verify, convert, …: only encode and decode are used. Long: 64-bit fields must not lose bits.
const options =
  '--target static-module --wrap esm --root tidemark-protocol --dependency protobufjs/minimal.js --force-long ' +
  '--no-create --no-verify --no-convert --no-delimited --no-typeurl --no-service'
const sources = ['turso.proto', 'tidemark.proto'].map((name) => join(messages, name))
const generateCode = (output, ...more) =>
  run('pbjs', [...options.split(' '), ...more, '--out', output, ...sources])

// The types are taken from comments, which the code itself does without.
const scratch = mkdtempSync(join(tmpdir(), 'tidemark-messages-'))
try {
  const commented = join(scratch, 'messages.js')
  generateCode(commented)
  run('pbts', ['-o', join(target, 'messages.d.ts'), commented])
} finally {
  rmSync(scratch, { recursive: true })
}
generateCode(join(target, 'messages.js'), '--no-comments')
