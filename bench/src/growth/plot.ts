const WIDTH = 760
const HEIGHT = 420
const MARGIN = { left: 76, right: 176, top: 48, bottom: 60 }
const RIGHT = WIDTH - MARGIN.right
const BOTTOM = HEIGHT - MARGIN.bottom
/** A page in the dark shows the picture in the dark; its own background keeps both legible wherever it stands. */
const STYLE = `<style>
  .page { fill: #ffffff } .ink { fill: #24292f } .grid { stroke: #d8dee4 }
  @media (prefers-color-scheme: dark) { .page { fill: #161b22 } .ink { fill: #e6edf3 } .grid { stroke: #30363d } }
</style>`

export interface Curve {
  /** For the legend. */
  readonly name: string
  readonly color: string
  readonly isDashed: boolean
  /** Rows and milliseconds. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** An SVG with logarithmic axes: rows to the right, milliseconds upwards; the legend at the right. */
export function plot(
  { title, xLabel }: { readonly title: string; readonly xLabel: string },
  curves: readonly Curve[],
): string {
  const points = curves.flatMap((curve) => curve.points)
  const x = scale(
    points.map(([value]) => value),
    MARGIN.left,
    RIGHT,
  )
  const y = scale(
    points.map(([, value]) => value),
    BOTTOM,
    MARGIN.top,
  )
  const middle = (MARGIN.top + BOTTOM) / 2
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${title}">`,
    STYLE,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    text(MARGIN.left, 28, title, 'font-size="16" font-weight="600"'),
    text((MARGIN.left + RIGHT) / 2, HEIGHT - 14, `${xLabel} (logarithmic)`, 'text-anchor="middle"'),
    text(20, middle, 'time, ms (logarithmic)', `text-anchor="middle" transform="rotate(-90 20 ${middle})"`),
    ...x.ticks.flatMap((value) => [
      line(x.at(value), MARGIN.top, x.at(value), BOTTOM),
      text(x.at(value), BOTTOM + 20, value.toLocaleString('en'), 'text-anchor="middle"'),
    ]),
    ...y.ticks.flatMap((value) => [
      line(MARGIN.left, y.at(value), RIGHT, y.at(value)),
      text(MARGIN.left - 8, y.at(value) + 4, value.toLocaleString('en'), 'text-anchor="end"'),
    ]),
    ...curves.flatMap((curve) => {
      const path = curve.points.map(([rows, ms]) => [x.at(rows), y.at(ms)] as const)
      return [stroke(curve, path), ...path.map((at) => dot(curve, at))]
    }),
    ...curves.flatMap((curve, index) => {
      const height = MARGIN.top + 14 + index * 24
      const key = [RIGHT + 16, RIGHT + 52].map((at) => [at, height] as const)
      return [stroke(curve, key), text(RIGHT + 62, height + 4, curve.name, '')]
    }),
    '</svg>',
  ]
  return `${parts.join('\n')}\n`
}

interface Scale {
  at(value: number): number
  /** Powers of ten, with their halves or fifths where there are few. */
  readonly ticks: readonly number[]
}

/** Logarithmic, from `from` to `to` in the picture, around the values. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const candidates = Array.from({ length: 14 }, (_, index) => 10 ** (index - 4)).flatMap((power) => [
    power,
    2 * power,
    5 * power,
  ])
  const low = candidates.findLast((value) => value <= Math.min(...values))!
  const high = candidates.find((value) => value >= Math.max(...values) && value > low)!
  const span = Math.log10(high / low)
  const within = candidates.filter((value) => value >= low && value <= high)
  return {
    at: (value) => from + (Math.log10(value / low) / span) * (to - from),
    ticks: within.length > 8 ? within.filter((value) => Number.isInteger(Math.log10(value))) : within,
  }
}

type Position = readonly [x: number, y: number]

function stroke({ color, isDashed }: Curve, path: readonly Position[]): string {
  const points = path.map((at) => at.map((value) => value.toFixed(1)).join(',')).join(' ')
  const dash = isDashed ? ' stroke-dasharray="7 5"' : ''
  return `<polyline points="${points}" fill="none" stroke="${color}" stroke-width="2.5"${dash}/>`
}

function dot({ color }: Curve, [x, y]: Position): string {
  return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3.5" fill="${color}"/>`
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text class="ink" x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${content}</text>`
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="grid" x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}"/>`
}
