import type { Echoes } from './echoes.js';
import type { Matcher } from './matcher.js';
import { firstExchange, type RawMessage, readBound, readTraced } from './raw-message.js';
import { TAP_PREFIX, type TapQueues } from './tap-queues.js';
import type { WatchedTopic } from './watched-topic.js';

/** Gives the messages of a tap's queues to the matcher. */
export class TapIntake {
  /** @param replies true where the messages are traces */
  constructor(
    private readonly matcher: Matcher,
    private readonly watched: WatchedTopic,
    private readonly replies: boolean,
  ) {}

  take(queue: keyof TapQueues, message: RawMessage, echoes: Echoes): void {
    const { matcher } = this;
    const now = performance.now();
    if (queue === 'mark') matcher.lostMore(now);
    else if (queue === 'dropped') this.dropped(message, echoes, now);
    else if (message.exchange === '') echoes.received(message.body);
    else if (!this.replies) matcher.observe(readBound(message), now);
    else this.traced(message, echoes, now);
  }

  private traced(message: RawMessage, echoes: Echoes, now: number): void {
    const observed = readTraced(message);
    if (!observed) return;
    // Taps send messages to their own queues.
    if (observed.exchange === '' && observed.routingKey.startsWith(TAP_PREFIX)) echoes.traced(observed.body);
    else this.matcher.observe(observed, now);
  }

  private dropped(message: RawMessage, echoes: Echoes, now: number): void {
    if (echoes.received(message.body, true)) return;
    const { topic, exchange, server } = this.watched;
    if (!this.replies) {
      const routingKey = server === undefined ? topic : `${topic}.${server}`;
      if (firstExchange(message) !== '') this.matcher.lost({ ...readBound(message), exchange, routingKey }, now);
      return;
    }
    const observed = readTraced(message);
    if (observed && !observed.routingKey.startsWith(TAP_PREFIX)) this.matcher.lost(observed, now);
  }
}
