import { Random } from '../simulator/random.ts'
import type { Attack, AttackAnswer } from './attack.ts'
import { makeAttack } from './attacks.ts'
import type { BesiegedServer } from './besieged-server.ts'
import type { Finding } from './finding.ts'
import { SECRET } from './hostile-sql.ts'
import { sendAttack } from './send-attack.ts'

/** Longer than all limits of time together. */
const PATIENCE_MS = 15_000
const ATTACKS_PER_SEED = 20

/** Attacks on a fresh database, one after another, and after each a look at what it did. */
export async function fuzzServer(
  server: BesiegedServer,
  seed: number,
): Promise<{ readonly cases: number; readonly findings: readonly Finding[] }> {
  const random = new Random(seed)
  await server.newTarget()
  const findings: Finding[] = []
  let cases = 0
  while (cases < ATTACKS_PER_SEED && findings.length === 0) {
    cases += 1
    const what = await attackOnce(server, random)
    if (what !== null) findings.push({ seed, what: `attack ${cases}, ${what}` })
  }
  await server.checkThoroughly().catch((error: unknown) => findings.push({ seed, what: String(error) }))
  return { cases, findings }
}

/** What is wrong, if anything. */
async function attackOnce(server: BesiegedServer, random: Random): Promise<string | null> {
  const scene = await server.scene()
  const attack = makeAttack(random, scene)
  try {
    const answer = await sendAttack(server.port, attack.send, PATIENCE_MS)
    checkAnswer(answer, server.log)
    await server.check()
    const isWritten = (await server.revisionOf(scene.database)) !== scene.revision
    if (isWritten && !mayHaveWritten(attack, answer))
      throw new Error(`answered ${answer.status}, and committed something`)
    return null
  } catch (error) {
    return `${attack.what}: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** A request whose connection ended without an answer may have had its effect. */
function mayHaveWritten({ mayWrite }: Attack, { status }: AttackAnswer): boolean {
  return mayWrite && (status === 200 || status === 0)
}

function checkAnswer({ status, body }: AttackAnswer, log: string): void {
  const text = body.toString('latin1')
  if (text.includes(SECRET)) throw new Error('the answer holds the secret')
  if (status >= 500 && status !== 503) throw new Error(`was answered ${status}; log: ${log.slice(-2000)}`)
  if (/TIDEMARK_INTERNAL|TypeError|RangeError|is not a function|node:internal/.test(text))
    throw new Error(`was answered ${status} with an internal failure: ${text.slice(0, 600)}`)
}
