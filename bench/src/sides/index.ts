import type { Side } from './side.ts'
import { tidemark } from './tidemark.ts'
import { turso } from './turso.ts'

export type SideName = Side['name']

export const sides: Readonly<Record<SideName, Side>> = { tidemark, turso }
