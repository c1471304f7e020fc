import { LimitError, ProtocolError } from '@tidemark/protocol'
import type { HranaError } from '@tidemark/protocol'

/** What became of a batch. */
export interface BatchOutcome {
  /** Whether the step that was asked about was done. */
  readonly isDone: boolean
  /** By step. A step that was done, or was not run, has none. */
  readonly errors: ReadonlyMap<number, HranaError>
}

/** Largest text of one failure, or of all that is not the outcome of a step, in UTF-16 units. */
const MAX_TEXT = 64 * 1024

type OutcomeArray = 'step_results' | 'step_errors'

/**
 * Reads the answer to a batch while it arrives: each step takes some 200 bytes, of which only failures are of
 * interest (I7). What is around the two arrays of outcomes is kept, and parsed as a whole at the end.
 */
export class StepOutcomes {
  readonly #wantedStep: number
  readonly #errors = new Map<number, HranaError>()
  readonly #counts = { step_results: 0, step_errors: 0 }
  readonly #decoder = new TextDecoder()
  #isDone = false
  /** The answer without the outcomes. */
  #frame = ''
  #array: OutcomeArray | null = null
  #element = ''
  /** Brackets open inside the array. */
  #depth = 0
  #isString = false
  #isEscaped = false

  /** `wantedStep`: the one whose {@link BatchOutcome.isDone} is asked for. */
  constructor(wantedStep: number) {
    this.#wantedStep = wantedStep
  }

  /** @throws LimitError, ProtocolError */
  push(chunk: Uint8Array): void {
    for (const character of this.#decoder.decode(chunk, { stream: true })) this.#take(character)
  }

  /** @throws ProtocolError unless the answer is whole and has outcomes of `steps` steps */
  end(steps: number): BatchOutcome {
    const [first] = pipelineResults(this.#frame)
    if (first === undefined) throw malformed('no result')
    if (first.type !== 'ok') throw malformed(`the batch as a whole failed: ${errorOf(first.error).message}`)
    if (this.#counts.step_results !== steps || this.#counts.step_errors !== steps)
      throw malformed('another number of outcomes than steps')
    return { isDone: this.#isDone, errors: this.#errors }
  }

  #take(character: string): void {
    if (this.#isString) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (character === '\\') this.#isEscaped = true
      else if (character === '"') this.#isString = false
    } else if (character === '"') this.#isString = true
    else if (this.#array !== null && this.#isEndOfElement(character)) return
    if (this.#array === null) this.#keepFrame(character)
    else this.#keepElement(character)
  }

  #keepFrame(character: string): void {
    if (this.#frame.length >= MAX_TEXT)
      throw new LimitError('the answer of /v2/pipeline has too much around its outcomes')
    this.#frame += character
    if (character !== '[' || this.#isString) return
    const name = /"(step_results|step_errors)"\s*:\s*\[$/.exec(this.#frame.slice(-40))?.[1]
    if (name !== undefined) this.#array = name as OutcomeArray
  }

  /** Of the outcome of a step that was done, its first character says enough. */
  #keepElement(character: string): void {
    if (this.#array === 'step_results' && this.#element !== '') return
    if (this.#element === '' && /\s/.test(character)) return
    if (this.#element.length >= MAX_TEXT)
      throw new LimitError('the server describes a failure at too great length')
    this.#element += character
  }

  #isEndOfElement(character: string): boolean {
    if (character === '[' || character === '{') this.#depth += 1
    else if (this.#depth > 0) {
      if (character === ']' || character === '}') this.#depth -= 1
    } else if (character === ',' || character === ']') {
      if (this.#element !== '') this.#record(this.#array!)
      if (character === ',') return true
      this.#array = null
    }
    return false
  }

  #record(array: OutcomeArray): void {
    const step = this.#counts[array]
    this.#counts[array] += 1
    const element = this.#element
    this.#element = ''
    if (element.startsWith('n')) return
    if (array === 'step_errors') this.#errors.set(step, errorOf(parse(element)))
    else if (step === this.#wantedStep) this.#isDone = true
  }
}

/** One answer of a pipeline. */
export interface PipelineResult {
  readonly type: 'ok' | 'error'
  readonly response?: unknown
  readonly error?: unknown
}

/** @throws ProtocolError */
export function pipelineResults(text: string): readonly PipelineResult[] {
  const parsed = parse(text) as { readonly results?: unknown } | null
  if (!Array.isArray(parsed?.results)) throw malformed('no results')
  if (parsed.results.some((result) => typeof result !== 'object' || result === null))
    throw malformed('a result that is none')
  return parsed.results as PipelineResult[]
}

export function errorOf(error: unknown): HranaError {
  const { message, code } = (error ?? {}) as { readonly message?: unknown; readonly code?: unknown }
  return {
    message: typeof message === 'string' ? message : 'unknown error',
    code: typeof code === 'string' ? code : '',
  }
}

export function malformed(what: string, cause?: unknown): ProtocolError {
  return new ProtocolError(`the answer of /v2/pipeline is malformed: ${what}`, { cause })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw malformed('not JSON', cause)
  }
}
