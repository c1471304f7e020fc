import { checkChoice, checkFunction } from '../options/check-option.ts'
import { SYNC_EVENT_NAMES } from './sync-events.ts'
import type { SyncEventName, SyncEvents, SyncListener } from './sync-events.ts'

type AnyListener = (event: never) => void

/**
 * Delivers sync events. A listener that throws never breaks a sync operation: its error surfaces as an
 * uncaught exception of its own, after the operation's current step.
 */
export class EventHub {
  readonly #listeners = new Map<SyncEventName, Set<AnyListener>>()

  /** @throws OptionsError for an event that there is not, or a listener that is no function */
  on<N extends SyncEventName>(name: N, listener: SyncListener<N>): void {
    checkChoice('event', name, SYNC_EVENT_NAMES)
    checkFunction('listener', listener)
    let listeners = this.#listeners.get(name)
    if (listeners === undefined) {
      listeners = new Set()
      this.#listeners.set(name, listeners)
    }
    listeners.add(listener)
  }

  /** @throws OptionsError for an event that there is not */
  off<N extends SyncEventName>(name: N, listener: SyncListener<N>): void {
    checkChoice('event', name, SYNC_EVENT_NAMES)
    this.#listeners.get(name)?.delete(listener)
  }

  emit<N extends SyncEventName>(name: N, event: SyncEvents[N]): void {
    for (const listener of new Set(this.#listeners.get(name))) {
      try {
        ;(listener as SyncListener<N>)(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
