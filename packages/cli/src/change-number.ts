import { InvalidArgumentError } from 'commander'

/** A change's number, as lists and failures name it. @throws InvalidArgumentError */
export function parseChangeNumber(text: string): number {
  if (!/^\d{1,15}$/u.test(text)) throw new InvalidArgumentError('a change has a number, as in --change 7.')
  return Number(text)
}

/** For an option that may be repeated. @throws InvalidArgumentError */
export function collectChangeNumber(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, parseChangeNumber(text)]
}
