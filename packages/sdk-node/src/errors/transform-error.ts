import { TidemarkError } from '@tidemark/protocol'

/** The transform hook threw, answered nonsense, or gave a statement that does not run. Nothing was pushed. */
export class TransformError extends TidemarkError {
  override readonly name = 'TransformError'
  /** The change that was being transformed. */
  readonly changeId: number

  constructor(changeId: number, message: string, options: { cause?: unknown } = {}) {
    super('TIDEMARK_TRANSFORM', `transform of change ${changeId}: ${message}`, {
      recovery: 'fix-data',
      cause: options.cause,
    })
    this.changeId = changeId
  }
}
