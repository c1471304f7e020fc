import { TidemarkError } from '@tidemark/protocol'

/** An option of `connect` or of a sync method is missing, unknown, of the wrong type, or out of range. */
export class OptionsError extends TidemarkError {
  override readonly name = 'OptionsError'
  /** Name of the option. */
  readonly option: string

  constructor(option: string, message: string, options: { cause?: unknown } = {}) {
    super('TIDEMARK_OPTIONS', `option ${option}: ${message}`, { recovery: 'operator', cause: options.cause })
    this.option = option
  }
}
