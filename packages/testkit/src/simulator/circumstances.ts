/** What has happened so far, and makes more outcomes right than there were at first. */
export interface Circumstances {
  /** Somebody's changes may have become impossible. */
  mayReject: boolean
  /** Somebody may be taken for a copy of another. */
  mayFork: boolean
  /** Files of clients were copied. */
  hasCopies: boolean
  wasServerRestored: boolean
  /** Folder of the server's last backup. */
  serverBackup: string | null
}
