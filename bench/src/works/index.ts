import { localWorks } from './local.ts'
import { pullWorks } from './pull.ts'
import { pushWorks } from './push.ts'
import type { Work } from './work.ts'

/** All rows of the comparison with Turso, in the order of the report. */
export const works: readonly Work[] = [...localWorks, ...pushWorks, ...pullWorks]
