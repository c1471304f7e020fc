import { createServer, loadConfig } from '@tidemark/server'
import type { TidemarkServer } from '@tidemark/server'
import type { TestProject } from 'vitest/node'
import { TemporaryDirectory } from './temporary-directory.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the server that all tests of a run share. */
    readonly serverUrl: string
  }
}

/** A server on loopback that makes databases on their first use. It does nothing until it listens. */
export function testServer(data: string, flags: Readonly<Record<string, unknown>> = {}): TidemarkServer {
  const defaults = {
    data,
    autoCreate: true,
    port: 0,
    workers: 1,
    logLevel: 'silent',
    // Some tests leave answers unread.
    shutdownGraceMs: 500,
    durability: 'normal',
  }
  return createServer(loadConfig({ flags: { ...defaults, ...flags } }))
}

/** Before all tests of a run: starts their server. @returns what ends it after them */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = new TemporaryDirectory()
  const server = testServer(directory.path)
  const { host, port } = await server.listen()
  project.provide('serverUrl', `http://${host}:${port}`)
  return async () => {
    await server.close()
    directory[Symbol.dispose]()
  }
}
