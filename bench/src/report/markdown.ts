import type { SideFailed, SideResult, WorkResult } from '../comparison/compare-work.ts'
import type { Growth } from '../growth/measure.ts'
import type { Results } from '../results.ts'
import type { Spread } from '../statistics.ts'
import type { YardstickResult } from '../yardsticks/yardstick.ts'
import { bytes, megabytes, ms, seconds, times } from './units.ts'
import {
  comparisonOf,
  countReached,
  missesOf,
  growthFactor,
  outcomeOf,
  yardstickOutcome,
  yardstickRatio,
} from './wording.ts'

type Cells = readonly string[]

/** The results as a page; the plots lie beside it. */
export function markdownOf(results: Results): string {
  const { works, yardsticks, growth } = results
  const sections = [
    '# Results of the benchmarks',
    `Made on ${results.date} by \`pnpm bench --report docs/benchmarks\`, not by hand. What the columns mean and how it is measured stands in the [README](README.md).`,
    [`- Machine: ${results.machine}`, ...results.contenders.map((one) => `- ${one}`)].join('\n'),
    `**${countReached(works, yardsticks)}.**`,
    ...misses(works, yardsticks),
    '## Beside Turso',
    table(
      ['work', 'durability', 'Tidemark', 'Turso', 'Tidemark is (shall be)', 'target'],
      works.map(comparisonCells),
    ),
    ...notes(works),
    'What it took:',
    table(
      ['work', 'side', 'sent', 'received', 'CPU client', 'CPU server', 'peak client', 'peak server'],
      works.flatMap(usageCells),
    ),
    '## Beside the least that could do it',
    table(
      ['what', 'beside', 'durability', 'Tidemark', 'the least', 'ratio', 'target'],
      yardsticks.map(yardstickCells),
    ),
    ...notes(yardsticks),
    ...(growth === null ? [] : growthSections(growth)),
  ]
  return `${sections.join('\n\n')}\n`
}

function misses(works: readonly WorkResult[], yardsticks: readonly YardstickResult[]): string[] {
  const names = missesOf(works, yardsticks).map((name) => `- ${name}`)
  return names.length === 0 ? [] : [`Not reached:\n\n${names.join('\n')}`]
}

function comparisonCells(result: WorkResult): Cells {
  const { name, durability, sides } = result
  const sideCell = (side: SideResult | SideFailed): string =>
    'failed' in side ? `failed: ${side.failed}` : spread(side.ms, ms)
  return [
    name,
    durability,
    sideCell(sides.tidemark),
    sideCell(sides.turso),
    comparisonOf(result) ?? '',
    outcomeOf(result),
  ]
}

function usageCells({ name, sides }: WorkResult): Cells[] {
  return Object.entries(sides).flatMap(([side, result]) =>
    'failed' in result
      ? []
      : [
          [
            name,
            side,
            bytes(result.sentBytes),
            bytes(result.receivedBytes),
            seconds(result.clientCpuMs),
            seconds(result.serverCpuMs),
            megabytes(result.clientPeakMb),
            megabytes(result.serverPeakMb),
          ],
        ],
  )
}

function yardstickCells(result: YardstickResult): Cells {
  const format = result.unit === 'ms' ? ms : bytes
  return [
    result.name,
    result.against,
    result.durability ?? '',
    spread(result.tidemark, format),
    spread(result.yardstick, format),
    yardstickRatio(result),
    yardstickOutcome(result),
  ]
}

function growthSections(growth: readonly Growth[]): string[] {
  const cells = (own: Growth, points: Growth['bySize'], what: string): Cells[] =>
    (['pushMs', 'pullMs'] as const).map((key) => [
      `${key === 'pushMs' ? 'push' : 'pull'} of ${what}`,
      own.side,
      ...points.map((point) => ms(point[key])),
      times(growthFactor(points, key)),
    ])
  const header = (points: Growth['bySize'] | undefined): Cells => [
    'what',
    'side',
    ...(points ?? []).map(({ rows }) => rows.toLocaleString('en')),
    'last / first',
  ]
  return [
    '## How times grow',
    'By rows in the database. What does not depend on the size of the database stays at 1×:',
    '![Push and pull of one row by the size of the database](database-size.svg)',
    table(
      header(growth[0]?.bySize),
      growth.flatMap((own) => cells(own, own.bySize, 'one row')),
    ),
    'By rows in the backlog. What is in proportion to it ends at 100×:',
    '![Push and pull of a backlog by its rows](backlog.svg)',
    table(
      header(growth[0]?.byBacklog),
      growth.flatMap((own) => cells(own, own.byBacklog, 'the backlog')),
    ),
  ]
}

function notes(rows: readonly { readonly name: string; readonly note?: string }[]): string[] {
  const noted = rows.filter(({ note }) => note !== undefined).map(({ name, note }) => `- ${name}: ${note}`)
  return noted.length === 0 ? [] : [noted.join('\n')]
}

function spread({ median, lowest, highest }: Spread, format: (value: number) => string): string {
  return lowest === highest ? format(median) : `${format(median)} (${format(lowest)} – ${format(highest)})`
}

/** With columns of even width, as the formatter of the repository writes it. */
function table(header: Cells, rows: readonly Cells[]): string {
  const widths = header.map((_, column) =>
    Math.max(3, ...[header, ...rows].map((cells) => cells[column]!.length)),
  )
  const line = (cells: Cells): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
