import type { TapChannel } from './tap-channel.js';
import type { TapBinding } from './tap-plan.js';

/** Bindings of the tap's queue. */
export interface TapBindings {
  /** Bindings that exist. */
  readonly bound: Iterable<TapBinding>;
  /** Binds the queue of a channel, and unbinds what is not needed any more. @throws TapRefused */
  follow(channel: TapChannel): Promise<void>;
}

/** Bindings that stay the same. */
export class FixedBindings implements TapBindings {
  constructor(readonly bound: readonly TapBinding[]) {}

  async follow(channel: TapChannel): Promise<void> {
    for (const { exchange, key } of this.bound) await channel.bind(exchange, key);
  }
}
