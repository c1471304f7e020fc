import { mkdtempSync } from 'node:fs'
import { initProtocol } from '@tidemark/protocol'
import { Replica } from '../src/index.ts'
import { Origin } from './origin.ts'
await initProtocol()
const dir = mkdtempSync('/tmp/prof-')
const origin = new Origin(`${dir}/o.db`)
origin.exec('CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); CREATE TABLE b (id INTEGER PRIMARY KEY, x, y, z); CREATE TABLE c (id, y)')
origin.bootstrap(`${dir}/c.db`)
const r = Replica.open(`${dir}/c.db`)
const t: number[] = []
for (let i = 0; i < 150; i++) {
  origin.exec(`INSERT INTO b VALUES (${i}, 1, 2, 3)`)
  r.connection.exec(`INSERT INTO note VALUES ('n${i}', 'x')`)
  origin.push(r)
  origin.stage(r)
  const s = performance.now()
  r.applyPull({ resolve: () => 'keep-local', onConflict: () => {} })
  t.push(performance.now() - s)
}
t.sort((a, b) => a - b)
console.log('apply median', t[75]!.toFixed(2), 'min', t[0]!.toFixed(2), 'p90', t[135]!.toFixed(2))
r.close()
