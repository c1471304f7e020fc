import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Growth, Point } from './measure.ts'
import { plot } from './plot.ts'
import type { Curve } from './plot.ts'

const COLORS: Readonly<Record<Growth['side'], string>> = { tidemark: '#1f8fbf', turso: '#d9782d' }

/** Writes `database-size.svg` and `backlog.svg` into a folder. */
export function writePlots(folder: string, growth: readonly Growth[]): void {
  mkdirSync(folder, { recursive: true })
  const bySize = growth.flatMap(({ side, bySize: points }) => curvesOf(side, points))
  const byBacklog = growth.flatMap(({ side, byBacklog: points }) => curvesOf(side, points))
  const size = { title: 'Push and pull of one row', xLabel: 'rows in the database' }
  const backlog = { title: 'Push and pull of a backlog', xLabel: 'inserted rows in the backlog' }
  writeFileSync(join(folder, 'database-size.svg'), plot(size, bySize))
  writeFileSync(join(folder, 'backlog.svg'), plot(backlog, byBacklog))
}

function curvesOf(side: Growth['side'], points: readonly Point[]): Curve[] {
  const color = COLORS[side]
  return [
    {
      name: `${side}: push`,
      color,
      isDashed: false,
      points: points.map(({ rows, pushMs }) => [rows, pushMs]),
    },
    {
      name: `${side}: pull`,
      color,
      isDashed: true,
      points: points.map(({ rows, pullMs }) => [rows, pullMs]),
    },
  ]
}
