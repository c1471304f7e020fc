/**
 * One change of the queue, to be cut off anywhere: `queue-crash-child.ts <directory> <operation>`. Says
 * `done` when it is.
 */
import { tell } from './crash-points.ts'
import { join } from 'node:path'

import { initProtocol } from '@tidemark/protocol'

import { Replica } from '../src/index.ts'
import { Origin } from './origin.ts'
import { queueOperations } from './queue-operations.ts'

const [directory, operation] = process.argv.slice(2) as [string, keyof typeof queueOperations]
await initProtocol()
const origin = new Origin(join(directory, 'origin.db'))
const replica = Replica.open(join(directory, 'c.db'))
queueOperations[operation](replica, origin)
tell('done')
replica.close()
origin.close()
