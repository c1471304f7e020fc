/**
 * One replica's life, to be cut off anywhere: `crash-child.ts <directory>`. Lines on stdout say what has been
 * acknowledged.
 */
import { tell } from './crash-points.ts'
import { join } from 'node:path'

import { initProtocol } from '@tidemark/protocol'

import { Replica } from '../src/index.ts'
import { Origin } from './origin.ts'

const directory = process.argv[2]!
await initProtocol()
const origin = new Origin(join(directory, 'origin.db'))
const replica = Replica.open(join(directory, 'c.db'))
const note = (id: string): void => {
  replica.connection.prepare('INSERT INTO note VALUES (?, ?)').run(id, 'local')
  tell(`note ${id}`)
}

note('before-pull')
origin.pull(replica)
tell('pulled')
note('after-pull')
replica.checkpoint()
tell('checkpointed')
note('after-checkpoint')
origin.exec(
  "INSERT INTO note VALUES ('remote-2', hex(randomblob(20000))); DELETE FROM filler WHERE id % 3 = 0; VACUUM",
)
origin.pull(replica)
tell('pulled')
note('after-second-pull')
replica.close()
tell('closed')
origin.close()
