/** A worker thread that opens a replica, closes it or not, and ends. */
import { workerData } from 'node:worker_threads'

import { initProtocol } from '@tidemark/protocol'

import { Replica } from '../src/index.ts'

const { path, closes } = workerData as { readonly path: string; readonly closes: boolean }
await initProtocol()
const replica = Replica.open(path)
replica.connection.exec("INSERT INTO word VALUES ('of the thread')")
if (closes) replica.close()
