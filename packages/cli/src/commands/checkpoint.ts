import { Command } from 'commander'
import { formatBytes } from '../quantity.ts'
import { assertExists, withReplica } from '../replica-file.ts'
import { printing, type Result } from '../result.ts'

/** `tidemark checkpoint FILE`: compact the local WAL. */
export function checkpointCommand(): Command {
  const command = new Command('checkpoint')
    .description('Move a synced file’s WAL into the file, keeping what a later pull needs.')
    .argument('<file>', 'the SQLite file')
  return printing(command, checkpointFile)
}

async function checkpointFile(path: string): Promise<Result> {
  assertExists(path)
  return withReplica(path, {}, async (db) => {
    const before = await db.stats()
    await db.checkpoint()
    const after = await db.stats()
    return {
      json: {
        walBytesBefore: before.mainWalSize,
        walBytes: after.mainWalSize,
        revertWalBytes: after.revertWalSize,
        pending: after.cdcOperations,
      },
      text: `WAL ${formatBytes(before.mainWalSize)} → ${formatBytes(after.mainWalSize)}, ${formatBytes(after.revertWalSize)} kept aside for the next pull.`,
    }
  })
}
