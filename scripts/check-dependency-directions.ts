/**
 * Enforces the directions of docs/architecture.md:
 *
 *     protocol ← engine ← { sdk-node, server } ← cli ← testkit (private, for tests)
 *
 * - a package imports only packages to its left, by name, never by a relative path into another package;
 * - sdk-node and server never import each other, except in test files;
 * - what a file imports is declared in its package's manifest: what ships, under `dependencies`;
 * - no folder is a drawer.
 *
 * Static, re-exporting, dynamic and type-only imports all count.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { parseSync } from 'oxc-parser'

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
}

interface Owner {
  /** The folder of the nearest manifest. */
  readonly folder: string
  readonly manifest: Manifest
  /** The short name where the owner is one of `packages/`. */
  readonly package: string | null
}

const ROOT = resolve(import.meta.dirname, '..')
const SCOPE = '@tidemark/'
const LEFT_OF: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  engine: ['protocol'],
  'sdk-node': ['protocol', 'engine'],
  server: ['protocol', 'engine'],
  cli: ['protocol', 'engine', 'sdk-node', 'server'],
  testkit: ['protocol', 'engine', 'sdk-node', 'server', 'cli'],
}
const ALSO_IN_TESTS: Readonly<Record<string, readonly string[]>> = {
  'sdk-node': ['server', 'testkit'],
  server: ['sdk-node', 'testkit'],
  cli: ['testkit'],
}
const DRAWERS = new Set(['utils', 'util', 'common', 'helpers', 'helper', 'shared'])
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.turbo'])
const SOURCE = /\.(?:ts|mts|mjs|js)$/

const manifests = new Map<string, Manifest | null>()
const root = ownerOf(join(ROOT, 'package.json'))
const violations: string[] = [...walk(ROOT)]
for (const name of Object.keys(LEFT_OF)) violations.push(...checkManifest(name))

if (violations.length > 0) {
  console.error(violations.join('\n'))
  console.error(`\n${violations.length} violation(s). The rules stand in docs/architecture.md, "Directions".`)
  process.exit(1)
}
console.log('Dependency directions hold.')

function* walk(folder: string): Iterable<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) {
      if (DRAWERS.has(entry.name)) yield `${show(path)}: name a folder for its role, not "${entry.name}"`
      yield* walk(path)
    } else if (entry.isFile() && SOURCE.test(entry.name)) {
      yield* checkFile(path)
    }
  }
}

function* checkFile(file: string): Iterable<string> {
  const owner = ownerOf(file)
  for (const specifier of importsOf(file)) {
    if (specifier.startsWith('.')) {
      const target = resolve(dirname(file), specifier)
      if (!target.startsWith(owner.folder + sep)) {
        yield `${show(file)}: imports ${specifier} out of another package; import that package by name`
      }
    } else if (!/^(?:node:|#)/u.test(specifier) && !builtinModules.includes(specifier)) {
      const dependency = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')
      if (!mayImport(owner, dependency, isTest(file))) yield `${show(file)}: must not import ${dependency}`
      if (!isDeclared(owner, dependency, isTest(file))) {
        yield `${show(file)}: imports ${dependency}, which ${show(owner.folder)}/package.json does not declare`
      }
    }
  }
}

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8')
  const { module, errors } = parseSync(file, source)
  if (errors[0] !== undefined) throw new SyntaxError(`${show(file)}: ${errors[0].message}`)
  const dynamic = module.dynamicImports.map(({ moduleRequest: { start, end } }) => source.slice(start, end))
  return [
    ...module.staticImports.map((statement) => statement.moduleRequest.value),
    ...module.staticExports.flatMap((statement) =>
      statement.entries.flatMap((entry) => entry.moduleRequest?.value ?? []),
    ),
    ...dynamic.flatMap((text) => /^['"`](.*)['"`]$/su.exec(text)?.[1] ?? []),
  ]
}

function mayImport(owner: Owner, dependency: string, inTest: boolean): boolean {
  if (owner.package === null || !dependency.startsWith(SCOPE)) return true
  const name = dependency.slice(SCOPE.length)
  if (name === owner.package || LEFT_OF[owner.package]?.includes(name) === true) return true
  return inTest && ALSO_IN_TESTS[owner.package]?.includes(name) === true
}

/** Tests and private packages may use development dependencies, the workspace's own included. */
function isDeclared({ manifest }: Owner, dependency: string, inTest: boolean): boolean {
  if (manifest.name === dependency || manifest.dependencies?.[dependency] !== undefined) return true
  if (!inTest && manifest.private !== true) return false
  return (manifest.devDependencies?.[dependency] ?? root.manifest.devDependencies?.[dependency]) !== undefined
}

function* checkManifest(name: string): Iterable<string> {
  const { manifest } = ownerOf(join(ROOT, 'packages', name, 'package.json'))
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    if (dependency.startsWith(SCOPE) && LEFT_OF[name]?.includes(dependency.slice(SCOPE.length)) !== true) {
      yield `packages/${name}/package.json: ${name} must not depend on ${dependency}`
    }
  }
}

function ownerOf(file: string): Owner {
  const folder = dirname(file)
  const manifest = manifestIn(folder)
  if (manifest === null) return ownerOf(folder)
  const [area, name] = relative(ROOT, folder).split(sep)
  return { folder, manifest, package: area === 'packages' ? (name ?? null) : null }
}

function manifestIn(folder: string): Manifest | null {
  let manifest = manifests.get(folder)
  if (manifest === undefined) {
    const found = readdirSync(folder).includes('package.json')
    manifest = found ? (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest) : null
    manifests.set(folder, manifest)
  }
  return manifest
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts') || relative(ROOT, file).split(sep).includes('test')
}

function show(path: string): string {
  return relative(ROOT, path) || '.'
}
