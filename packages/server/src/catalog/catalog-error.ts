import { TidemarkError } from '@tidemark/protocol'

export class DatabaseNotFoundError extends TidemarkError {
  override readonly name = 'DatabaseNotFoundError'
  constructor(name: string) {
    super('TIDEMARK_NO_SUCH_DATABASE', `There is no database ${JSON.stringify(name)}`, {
      recovery: 'operator',
    })
  }
}

export class DatabaseExistsError extends TidemarkError {
  override readonly name = 'DatabaseExistsError'
  constructor(name: string) {
    super('TIDEMARK_DATABASE_EXISTS', `There is a database ${JSON.stringify(name)} already`, {
      recovery: 'operator',
    })
  }
}

export class DatabaseNameError extends TidemarkError {
  override readonly name = 'DatabaseNameError'
  constructor(name: string) {
    super(
      'TIDEMARK_DATABASE_NAME',
      `${JSON.stringify(name.slice(0, 80))} is not a database name: 1 to 63 of a-z, 0-9, _ and -, the first a letter or digit`,
      { recovery: 'fix-data' },
    )
  }
}
