import { defineConfig } from 'vitest/config'

/** They change `node:fs`, or need a module that nobody has used yet. */
const OF_THEIR_OWN = [
  'packages/engine/test/{disk-faults,interrupted-bootstrap}.test.ts',
  'packages/protocol/test/before-init.test.ts',
]

export default defineConfig({
  test: {
    pool: 'forks',
    // Half of the tests wait for processes and disks, not for a core.
    maxWorkers: 3,
    // Most of what they allocate dies young: a larger nursery is emptied less often.
    execArgv: ['--min-semi-space-size=32', '--max-semi-space-size=64'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      // They change nothing of their process: one serves for many files.
      {
        extends: true,
        test: {
          name: 'code',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/{server,cli,engine,protocol}/test/**/*.test.ts',
            'bench/src/**/*.test.ts',
          ],
          exclude: OF_THEIR_OWN,
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'sdk',
          include: ['packages/sdk-node/test/**/*.test.ts'],
          globalSetup: 'packages/sdk-node/test/server-of-the-run.ts',
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'interop',
          include: ['tests/interop/**/*.test.ts'],
          globalSetup: 'tests/interop/peers/server-of-the-run.ts',
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'processes',
          include: [
            ...OF_THEIR_OWN,
            'packages/testkit/test/**/*.test.ts',
            'tests/{foreign-writers,kill}/**/*.test.ts',
          ],
        },
      },
    ],
  },
})
