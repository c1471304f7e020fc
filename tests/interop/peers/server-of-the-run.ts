import { ServerProcess, temporaryDirectory } from '@tidemark/testkit'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the server that all tests of a run share. */
    readonly serverUrl: string
  }
}

/** Before all tests of a run: starts their server. @returns what ends it after them */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = temporaryDirectory()
  const server = await ServerProcess.start(directory.path)
  project.provide('serverUrl', server.url)
  return async () => {
    await server.stop()
    directory[Symbol.dispose]()
  }
}
