import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    pool: 'forks',
    // Half of the tests wait for processes and disks, not for a core.
    maxWorkers: 2,
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
            'packages/{server,cli}/test/**/*.test.ts',
            'bench/src/**/*.test.ts',
          ],
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
            'packages/{engine,protocol,testkit}/test/**/*.test.ts',
            'tests/{foreign-writers,kill}/**/*.test.ts',
          ],
        },
      },
    ],
  },
})
