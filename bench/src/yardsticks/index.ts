import { applyAgainstWrite } from './apply-against-write.ts'
import { bootstrapAgainstCopy } from './bootstrap-against-copy.ts'
import { clientToClient } from './latency.ts'
import { localAgainstPlain } from './local-against-plain.ts'
import { pullsAgainstRows } from './pull-against-rows.ts'
import { pushAgainstExchange } from './push-against-exchange.ts'
import type { Yardstick } from './yardstick.ts'

/** All yardsticks, in the order of the report. */
export const yardsticks: readonly Yardstick[] = [
  ...localAgainstPlain,
  pushAgainstExchange,
  ...pullsAgainstRows,
  clientToClient,
  applyAgainstWrite,
  bootstrapAgainstCopy,
]
