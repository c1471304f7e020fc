import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import { parseSync } from 'oxc-parser'

import { CREATES, DURABLE, HARMLESS, HELPERS } from './durable-calls.ts'

const PACKAGES = fileURLToPath(new URL('../../../', import.meta.url))

/** A call in a source. */
export interface Call {
  /** Below `packages/`. */
  readonly module: string
  /** The named functions around it, outermost first: `ReplicaSession.seal`. Empty: the module itself. */
  readonly within: string
  /**
   * Of a call that changes what is on disk, or whose callee does: module, function and callee, with a number
   * where the function has several. Without line numbers, which change. Null for any other.
   */
  readonly site: string | null
  readonly start: number
  readonly end: number
}

/** A module, with what is needed to find a call by its place. */
export interface ScannedModule {
  readonly name: string
  readonly calls: readonly Call[]
  /** Offsets at which its lines begin. */
  readonly lines: readonly number[]
}

type Node = Record<string, unknown> & {
  readonly type: string
  readonly start: number
  readonly end: number
}

/**
 * The sources below folders of `packages/`, by name.
 *
 * @throws TypeError for a call of `node:fs` of which it is not known whether it changes anything
 */
export function scanModules(folders: readonly string[]): ReadonlyMap<string, ScannedModule> {
  const files = folders.flatMap((folder) => sources(join(PACKAGES, folder)))
  return new Map(
    files.map((file) => {
      const name = relative(PACKAGES, file)
      return [name, scan(name, readFileSync(file, 'utf8'))]
    }),
  )
}

/** Whether a call is a helper's own, so that the place is where the helper is called. */
export function isOfHelper({ module, within }: Call): boolean {
  const helper = HELPERS[module]
  return helper !== undefined && (helper.within === null || helper.within.test(within))
}

function sources(path: string): string[] {
  if (path.endsWith('.ts')) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(path, name))
}

function scan(module: string, source: string): ScannedModule {
  const { program, module: syntax } = parseSync(module, source)
  const imported = new Set<string>()
  for (const { moduleRequest, entries } of syntax.staticImports) {
    if (!moduleRequest.value.startsWith('node:fs')) continue
    for (const { importName, localName, isType } of entries) {
      if (isType) continue
      const name = importName.name ?? ''
      if (name !== localName.value || !(HARMLESS.has(name) || DURABLE.has(name)))
        throw new TypeError(`${module}: does ${localName.value} of ${moduleRequest.value} change anything?`)
      imported.add(name)
    }
  }
  const calls: Call[] = []
  const counts = new Map<string, number>()
  visit(program as unknown as Node, [], (node, names) => {
    const within = names.join('.')
    const callee = calleeOf(node, source)
    let site: string | null = null
    if (isDurable(callee, source.slice(node.start, node.end), imported)) {
      const place = `${module}: ${within}: ${callee}`
      const count = (counts.get(place) ?? 0) + 1
      counts.set(place, count)
      site = count === 1 ? place : `${place} (${count})`
    }
    calls.push({ module, within, site, start: node.start, end: node.end })
  })
  return { name: module, calls, lines: lineStarts(source) }
}

function isDurable(callee: string, text: string, imported: ReadonlySet<string>): boolean {
  if (imported.has(callee)) return DURABLE.has(callee) && (callee !== 'openSync' || CREATES.test(text))
  return Object.values(HELPERS).some(({ called }) => called.test(callee))
}

/** What stands before the brackets, `new` included, without what says nothing: `this.`, `#`, `!`. */
function calleeOf(node: Node, source: string): string {
  const { start, end } = node['callee'] as Node
  const text = source.slice(start, end).replaceAll(/^this\.|[#!]/g, '')
  return node.type === 'NewExpression' ? `new ${text}` : text
}

/** Shows each call below `node` to `found`, in the order of the source, with the names of the functions around it. */
function visit(
  node: Node,
  names: readonly string[],
  found: (call: Node, names: readonly string[]) => void,
): void {
  if (node.type === 'CallExpression' || node.type === 'NewExpression') found(node, names)
  const name = nameOf(node)
  const inner = name === null ? names : [...names, name]
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value])
      if (isNode(child)) visit(child, inner, found)
  }
}

/** The name that a node gives to the code in it; null: none. */
function nameOf(node: Node): string | null {
  const named =
    node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration'
      ? node['id']
      : node.type === 'MethodDefinition' || (node.type === 'Property' && isFunction(node['value']))
        ? node['key']
        : node.type === 'VariableDeclarator' && isFunction(node['init'])
          ? node['id']
          : null
  return isNode(named) && typeof named['name'] === 'string' ? named['name'] : null
}

function isFunction(node: unknown): boolean {
  return isNode(node) && (node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression')
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function lineStarts(source: string): number[] {
  return [0, ...[...source.matchAll(/\n/g)].map(({ index }) => index + 1)]
}
