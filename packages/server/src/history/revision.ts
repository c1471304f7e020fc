/**
 * A revision names one state of one database: `<epoch>.<sequence>`, the epoch as 16 hexadecimal digits, the
 * sequence in decimal. Clients treat it as opaque. An epoch names one unbroken run of commits by one server
 * process, so that two logs that parted (a restored backup, a database created again under its name) never
 * give the same name to different states.
 */
export type Epoch = string

export interface Revision {
  readonly epoch: Epoch
  readonly sequence: number
}

const REVISION = /^([0-9a-f]{16})\.(0|[1-9][0-9]{0,14})$/

export function formatRevision(revision: Revision): string {
  return `${revision.epoch}.${revision.sequence}`
}

/** Null for anything that this server cannot have given out. */
export function parseRevision(text: string): Revision | null {
  const match = REVISION.exec(text)
  return match === null ? null : { epoch: match[1]!, sequence: Number(match[2]) }
}
