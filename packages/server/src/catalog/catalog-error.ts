import { TidemarkError } from '@tidemark/protocol'

export class DatabaseNotFoundError extends TidemarkError {
  override readonly name = 'DatabaseNotFoundError'
  /** @param name null: the request named none */
  constructor(name: string | null) {
    const message =
      name === null
        ? 'The address names no database: it is /db/<name>/, unless databases have host names or one is served at the root'
        : `There is no database ${JSON.stringify(name)}`
    super('TIDEMARK_NO_SUCH_DATABASE', message, { recovery: 'operator' })
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
