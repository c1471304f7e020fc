/** Something that must not be, and the seed that shows it again. */
export interface Finding {
  readonly seed: number
  readonly what: string
}
