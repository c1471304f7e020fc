/** What a series of rounds came to. */
export interface Spread {
  /** The middle value; of an even count the upper one. */
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const [lowest, median, highest] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map(
    (index) => sorted[index] ?? Number.NaN,
  ) as [number, number, number]
  return { median, lowest, highest }
}

/**
 * Lets two contenders take turns, so that noise hits both alike, after turns of each that do not count. A
 * turn resolves to what it measured.
 */
export async function takeTurns(
  rounds: number,
  first: (round: number) => number | Promise<number>,
  second: (round: number) => number | Promise<number>,
  warmUps = 1,
): Promise<readonly [first: Spread, second: Spread]> {
  const measured: [number[], number[]] = [[], []]
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const value = await [first, second][index]!(round)
      if (round >= warmUps) measured[index].push(value)
    }
  }
  return [spreadOf(measured[0]), spreadOf(measured[1])]
}

/** How long it takes, ms. */
export async function timeOf(run: () => unknown): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}
