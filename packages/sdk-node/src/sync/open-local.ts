import { existsSync, lstatSync, mkdtempSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { Replica } from '@tidemark/engine'
import type { ReplicaOptions } from '@tidemark/engine'
import { StateError } from '@tidemark/protocol'
import type { Settings } from '../options/settings.ts'
import { newClientId } from './client-id.ts'

/** As many as Linux follows. */
const MAX_LINKS = 40

/**
 * Where the local file is, absolute and without symbolic links: the files beside it must be found by every
 * program that opens it, as SQLite finds its own, and when the process has moved to another folder.
 * `:memory:` gets a directory of its own, which {@link LocalFile.remove} takes away.
 */
export interface LocalFile {
  readonly path: string
  readonly isTemporary: boolean
  remove(): void
}

export function localFile(path: string): LocalFile {
  if (path !== ':memory:')
    return { path: realPath(resolve(path)), isTemporary: false, remove: () => undefined }
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-'))
  return {
    path: join(directory, 'memory.db'),
    isTemporary: true,
    remove: () => {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Of a file that need not be there: a link to it may be there already. @throws the file system's ELOOP */
function realPath(path: string, linksLeft = MAX_LINKS): string {
  if (existsSync(path) || path === dirname(path) || linksLeft === 0) return realpathSync(path)
  const real = join(realPath(dirname(path)), basename(path))
  const isLink = lstatSync(real, { throwIfNoEntry: false })?.isSymbolicLink() === true
  return isLink ? realPath(resolve(dirname(real), readlinkSync(real)), linksLeft - 1) : real
}

/**
 * Opens what can be opened without the network: a replica, an ordinary file to adopt, or a new file while
 * there is no URL. Null: the database must be downloaded first.
 *
 * @throws StateError as the engine does, for files that are not what they should be
 */
export function openLocal(
  path: string,
  settings: Settings,
  options: ReplicaOptions,
  url: string | null,
): Replica | null {
  const creation = { ...options, clientId: newClientId(settings.clientName), url }
  if (!existsSync(dirname(path))) {
    throw new StateError('TIDEMARK_NO_FOLDER', `${path} cannot be made: its folder does not exist`, {
      recovery: 'operator',
    })
  }
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
    throw new StateError('TIDEMARK_NOT_A_DATABASE', `${path} is not a file. It was left as it is.`, {
      recovery: 'operator',
    })
  }
  if (!Replica.exists(path)) return url === null ? Replica.create(path, creation) : null
  if (Replica.isReplica(path) || settings.existing === 'refuse') return Replica.open(path, options)
  if (settings.existing === 'adopt') return Replica.adopt(path, creation)
  Replica.assertReplaceable(path)
  return null
}
