import { TidemarkError } from '@tidemark/protocol'

/**
 * The `conflictResolution` function threw, or answered nonsense. The pull was applied all the same; in the
 * conflicts that it could not decide, the local change was kept.
 */
export class ConflictResolverError extends TidemarkError {
  override readonly name = 'ConflictResolverError'
  /** In how many conflicts. */
  readonly failures: number

  constructor(failures: number, cause: unknown) {
    super(
      'TIDEMARK_CONFLICT_RESOLVER',
      `conflictResolution failed in ${failures} conflicts; the local change was kept there`,
      {
        recovery: 'bug',
        cause,
      },
    )
    this.failures = failures
  }
}
