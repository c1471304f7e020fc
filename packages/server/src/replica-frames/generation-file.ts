import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** One generation of a database, as replicas of libSQL's client count them: a run of frames, numbered from 1. */
export interface Generation {
  readonly number: number
  /** The revision that the frames go out from; null: nobody has it, and whoever is here needs all pages. */
  readonly base: string | null
  /** How many frames it has; null for the newest, which grows. */
  readonly frames: number | null
  readonly createdMs: number
}

/**
 * In ascending order, without gaps. Null where there is no file, or none that can be read: every replica has
 * to start over then.
 */
export function readGenerations(path: string): Generation[] | null {
  if (!existsSync(path)) return null
  try {
    const file: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isFile(file) ? file.generations : null
  } catch {
    return null
  }
}

/** Replaces the file; on disk when this returns, so that no replica hears of a generation that a crash takes back. */
export function writeGenerations(path: string, generations: readonly Generation[]): void {
  const unfinished = `${path}.new`
  const descriptor = openSync(unfinished, 'w', 0o600)
  try {
    writeFileSync(descriptor, JSON.stringify({ format: 1, generations }))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(unfinished, path)
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** By hand: the schemas of zod would take a worker longer to load than all that it does itself. */
function isFile(file: unknown): file is { readonly generations: Generation[] } {
  if (!isObject(file) || file['format'] !== 1) return false
  const generations = file['generations']
  return Array.isArray(generations) && generations.length > 0 && generations.every(isGeneration)
}

function isGeneration(value: unknown): value is Generation {
  if (!isObject(value)) return false
  const { number, base, frames, createdMs } = value
  return (
    isCount(number) &&
    number > 0 &&
    (base === null || typeof base === 'string') &&
    (frames === null || isCount(frames)) &&
    typeof createdMs === 'number'
  )
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
