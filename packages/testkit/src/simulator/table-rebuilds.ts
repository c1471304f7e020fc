import type { Plan, Step } from './plan.ts'
import { Random } from './random.ts'

/**
 * Adds steps in which a client builds the journal anew, to which everybody writes all the time; decided apart:
 * a seed has the same other steps with them and without. Not where the server loses what it had: a line of the
 * journal would come back with its table, and the rest of its transaction would not.
 */
export function withTableRebuilds(plan: Plan): Plan {
  if (plan.steps.some(({ kind }) => kind === 'server restore')) return plan
  const random = new Random(plan.seed ^ 0x72656275)
  const steps = plan.steps.flatMap((step): Step[] => {
    if (!random.chance(3)) return [step]
    const client = 'client' in step ? step.client : random.below(plan.clients.length)
    return [{ kind: 'rebuild', client, seed: random.next() }, step]
  })
  return { ...plan, steps }
}

/** The statements of one transaction, which writes a line before and behind. */
export function journalRebuild(tag: string): string[] {
  const line = `INSERT INTO journal(tag) VALUES ('${tag}')`
  return [line, ...rebuildOfJournal(`journal_${tag}`), line]
}

/** As migrations do it: https://www.sqlite.org/lang_altertable.html#otheralter */
export function rebuildOfJournal(newName: string): string[] {
  return [
    `CREATE TABLE ${newName}(tag TEXT)`,
    `INSERT INTO ${newName} SELECT tag FROM journal`,
    'DROP TABLE journal',
    `ALTER TABLE ${newName} RENAME TO journal`,
  ]
}
