import { next, type SubscriptionEvent, type SubscriptionState } from './subscription-state.js';

/** State of a consumer, with the timer of its next attempt to attach. */
export class Subscription {
  private state: SubscriptionState = { name: 'idle' };
  /** Runs while the state is `waiting`. */
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param isConnected returns true while there is a connection; without one, the next one ends the wait
   * @param onAttaching called when an attempt to attach is to begin
   */
  constructor(
    private readonly isConnected: () => boolean,
    private readonly onAttaching: () => void,
  ) {}

  get name(): SubscriptionState['name'] {
    return this.state.name;
  }

  /** True when no more messages are wanted. */
  get isEnding(): boolean {
    return this.name === 'stopping' || this.name === 'closed';
  }

  /** Changes the state, and runs the actions of the new one. Returns false where the event has no meaning. */
  dispatch(event: SubscriptionEvent): boolean {
    const before = this.state;
    const state = next(before, event);
    if (state === before) return false;
    this.state = state;
    clearTimeout(this.timer);
    if (state.name === 'waiting' && state.delay !== undefined)
      this.timer = setTimeout(() => this.isConnected() && this.dispatch({ type: 'timer' }), state.delay);
    if (state.name === 'attaching' && before.name !== 'attaching') this.onAttaching();
    return true;
  }
}
