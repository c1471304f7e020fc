import { describe, expect, it, vi } from 'vitest'
import { OptionsError } from '../errors/options-error.ts'
import { EventHub } from './event-hub.ts'

describe('EventHub', () => {
  it('refuses an event that there is not, and names those that there are', () => {
    const hub = new EventHub()
    const listener = vi.fn()
    // @ts-expect-error: TypeScript says so too
    expect(() => hub.on('conflicts', listener)).toThrow(OptionsError)
    // @ts-expect-error
    expect(() => hub.off('conflicts', listener)).toThrow(
      /expected one of pull, push, conflict, .* got "conflicts"/,
    )
  })

  it('refuses a listener that is no function', () => {
    // @ts-expect-error: TypeScript says so too
    expect(() => new EventHub().on('pull', null)).toThrow('expected a function, got null')
  })

  it('tells each listener of its event, once', () => {
    const hub = new EventHub()
    const listener = vi.fn()
    hub.on('rebased', listener)
    hub.on('rebased', listener)
    hub.emit('rebased', { revision: 'a.1' })
    hub.off('rebased', listener)
    hub.emit('rebased', { revision: 'a.2' })
    expect(listener.mock.calls).toEqual([[{ revision: 'a.1' }]])
  })
})
