import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'

/** One generation of a database, as replicas of libSQL's client count them: a run of frames, numbered from 1. */
export interface Generation {
  readonly number: number
  /** The revision that the frames go out from; null: nobody has it, and whoever is here needs all pages. */
  readonly base: string | null
  /** How many frames it has; null for the newest, which grows. */
  readonly frames: number | null
  readonly createdMs: number
}

const generationSchema: z.ZodType<Generation> = z.object({
  number: z.number().int().positive(),
  base: z.string().nullable(),
  frames: z.number().int().nonnegative().nullable(),
  createdMs: z.number(),
})

const fileSchema = z.object({ format: z.literal(1), generations: z.array(generationSchema).min(1) })

/** In ascending order, without gaps. Null where there is no file, or none that can be read: every replica has to start over then. */
export function readGenerations(path: string): Generation[] | null {
  if (!existsSync(path)) return null
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).generations
  } catch {
    return null
  }
}

/** Replaces the file; on disk when this returns, so that no replica hears of a generation that a crash takes back. */
export function writeGenerations(path: string, generations: readonly Generation[]): void {
  const unfinished = `${path}.new`
  const descriptor = openSync(unfinished, 'w', 0o600)
  try {
    writeSync(descriptor, JSON.stringify({ format: 1, generations }))
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
