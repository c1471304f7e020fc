import { describe, expect, it } from 'vitest'
import { nodeVersionProblem } from './node-version.ts'

describe('nodeVersionProblem', () => {
  it.each(['22.19.0', '22.20.1', '23.0.0', '24.21.0'])('accepts Node %s', (version) => {
    expect(nodeVersionProblem(version)).toBeNull()
  })

  it.each(['18.20.0', '20.20.2', '22.18.9'])('says what is wrong with Node %s', (version) => {
    expect(nodeVersionProblem(version)).toMatch(
      new RegExp(`needs Node 22.19 or newer, this is Node ${version}`, 'u'),
    )
  })
})
