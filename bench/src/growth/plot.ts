import type { Curve, Growth } from './measure.ts'

const WIDTH = 640
const HEIGHT = 400
const MARGIN = { left: 70, right: 150, top: 40, bottom: 50 }
const COLORS: Readonly<Record<Growth['side'], string>> = { tidemark: '#0b6e99', turso: '#c2571a' }
const DASHES: Readonly<Record<Curve['work'], string>> = {
  'push 1 row': '',
  'pull 1 row': '6 4',
  'push the backlog': '',
  'pull the backlog': '6 4',
}

/** An SVG with logarithmic axes: rows to the right, milliseconds upwards. */
export function plot(
  title: string,
  axis: string,
  growths: readonly Growth[],
  works: readonly Curve['work'][],
): string {
  const lines = growths.flatMap(({ side, curves }) =>
    curves.filter(({ work }) => works.includes(work)).map((curve) => ({ side, ...curve })),
  )
  const points = lines.flatMap((curve) => curve.points)
  const x = scale(
    points.map(({ rows }) => rows),
    MARGIN.left,
    WIDTH - MARGIN.right,
  )
  const y = scale(
    points.map(({ ms }) => ms),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  )
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(MARGIN.left, 20, title, 'font-size="14" font-weight="bold"'),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 10, axis, 'text-anchor="middle"'),
    text(15, HEIGHT / 2, 'milliseconds', `text-anchor="middle" transform="rotate(-90 15 ${HEIGHT / 2})"`),
    ...x.ticks.flatMap((value) => [
      line(x.at(value), MARGIN.top, x.at(value), HEIGHT - MARGIN.bottom),
      text(x.at(value), HEIGHT - MARGIN.bottom + 18, value.toLocaleString('en'), 'text-anchor="middle"'),
    ]),
    ...y.ticks.flatMap((value) => [
      line(MARGIN.left, y.at(value), WIDTH - MARGIN.right, y.at(value)),
      text(MARGIN.left - 8, y.at(value) + 4, value.toLocaleString('en'), 'text-anchor="end"'),
    ]),
    ...lines.flatMap(({ side, work, points: own }) => {
      const path = own.map(({ rows, ms }) => `${x.at(rows).toFixed(1)},${y.at(ms).toFixed(1)}`).join(' ')
      const style = `stroke="${COLORS[side]}" stroke-dasharray="${DASHES[work]}"`
      const last = own.at(-1)!
      return [
        `<polyline points="${path}" fill="none" stroke-width="2" ${style}/>`,
        ...own.map(
          ({ rows, ms }) =>
            `<circle cx="${x.at(rows).toFixed(1)}" cy="${y.at(ms).toFixed(1)}" r="3" fill="${COLORS[side]}"/>`,
        ),
        text(x.at(last.rows) + 8, y.at(last.ms) + 4, `${side}: ${work}`, `fill="${COLORS[side]}"`),
      ]
    }),
    '</svg>',
  ]
  return `${parts.join('\n')}\n`
}

interface Scale {
  at(value: number): number
  /** Powers of ten. */
  readonly ticks: readonly number[]
}

function scale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values))), low + 1)
  return {
    at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  }
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${content}</text>`
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#ddd"/>`
}
