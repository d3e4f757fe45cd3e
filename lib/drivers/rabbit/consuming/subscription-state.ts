/** State of a consumer. A consumer attaches to its queues when it declares them and the broker delivers from them. */
export type SubscriptionState =
  /** No attempt to attach has been made. */
  | { readonly name: 'idle' }
  /** An attempt to attach is in progress. `interrupted`: the broker has undone a part of it. */
  | { readonly name: 'attaching'; readonly interrupted: boolean }
  /** The broker delivers from all queues. */
  | { readonly name: 'attached' }
  /**
   * The next attempt follows after the delay, in milliseconds; undefined: with the next connection. `failed`: the last
   * attempt was refused for a reason that may be permanent.
   */
  | { readonly name: 'waiting'; readonly delay: number | undefined; readonly failed: boolean }
  /** No more messages are wanted. Those that were delivered can still be settled. */
  | { readonly name: 'stopping' }
  | { readonly name: 'closed' };

/** Event that may change the state of a consumer. Delays are in milliseconds. */
export type SubscriptionEvent =
  /** There is a new connection. `delay`: the back-off of this consumer. */
  | { readonly type: 'connected'; readonly delay: number }
  /** A caller waits for the queues to be attached. There is a connection. */
  | { readonly type: 'needed' }
  /** The attempt has succeeded. `delay`: pause before the next attempt where it was interrupted. */
  | { readonly type: 'consumed'; readonly delay: number }
  /** The broker has closed the channel, or cancelled a consumer. */
  | { readonly type: 'lost'; readonly delay: number }
  /** The attempt has failed. `delay`: undefined without a connection. `final`: the reason may be permanent. */
  | { readonly type: 'refused'; readonly delay: number | undefined; readonly final: boolean }
  /** The delay is over, and there is a connection. */
  | { readonly type: 'timer' }
  | { readonly type: 'cancel' }
  | { readonly type: 'close' };

const ATTACHING: SubscriptionState = { name: 'attaching', interrupted: false };

/** Returns the state after an event, or the same state where the event has no meaning. Pure. */
export function next(state: SubscriptionState, event: SubscriptionEvent): SubscriptionState {
  if (state.name === 'closed') return state;
  if (event.type === 'close') return { name: 'closed' };
  if (state.name === 'stopping') return state;
  if (event.type === 'cancel') return { name: 'stopping' };
  switch (state.name) {
    case 'idle':
      return event.type === 'connected' || event.type === 'needed' ? ATTACHING : state;
    case 'attaching':
      return whileAttaching(state, event);
    case 'attached':
      return event.type === 'lost' ? { name: 'waiting', delay: event.delay, failed: false } : state;
    case 'waiting':
      return whileWaiting(state, event);
  }
}

function whileAttaching(state: SubscriptionState & { name: 'attaching' }, event: SubscriptionEvent): SubscriptionState {
  switch (event.type) {
    case 'consumed':
      return state.interrupted ? { name: 'waiting', delay: event.delay, failed: false } : { name: 'attached' };
    case 'lost':
      // The next attempt has to wait for the end of this one.
      return state.interrupted ? state : { name: 'attaching', interrupted: true };
    case 'refused':
      return { name: 'waiting', delay: event.delay, failed: event.final };
    default:
      return state;
  }
}

function whileWaiting(state: SubscriptionState & { name: 'waiting' }, event: SubscriptionEvent): SubscriptionState {
  switch (event.type) {
    case 'connected':
      return { name: 'waiting', delay: event.delay, failed: false };
    case 'timer':
      return ATTACHING;
    case 'needed':
      // A caller may cut short the delay after a refusal, which then gets its own outcome, and no other delay.
      return state.failed && state.delay !== undefined ? ATTACHING : state;
    default:
      return state;
  }
}
