const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const

/** A number of bytes for people: `0 B`, `4.0 KiB`, `12.3 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  let value = bytes / 1024
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value.toFixed(value < 100 ? 1 : 0)} ${UNITS[unit]}`
}

/** A count with a noun: `1 change`, `2,000 changes`. */
export function formatCount(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}

/** A moment in seconds since 1970, or null, for people. */
export function formatMoment(unixSeconds: number | null): string {
  return unixSeconds === null
    ? 'never'
    : new Date(unixSeconds * 1000)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/u, ' UTC')
}
