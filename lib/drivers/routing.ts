import { newId } from '../core/id.js';
import type { Target } from '../core/target.js';
import type { Subscription } from './driver.js';

/** Exchange and routing key of a message. */
export interface Route {
  readonly exchange: string;
  readonly key: string;
  readonly type: 'topic' | 'fanout';
}

/** A queue that a server reads, and how it is bound. */
export interface Binding extends Route {
  readonly queue: string;
  /** The queue is this server's alone, and random by name. */
  readonly transient: boolean;
}

/** Where a request to the target is published. The fanout exchange ignores the target's exchange. */
export function routeOf(target: Target, controlExchange: string): Route {
  const topic = target.topic ?? '';
  if (target.fanout) return { exchange: `${topic}_fanout`, key: '', type: 'fanout' };
  const key = target.server ? `${topic}.${target.server}` : topic;
  return { exchange: target.exchange ?? controlExchange, key, type: 'topic' };
}

/** The three queues of a server: the topic's, its own, and its copy of what goes to all. */
export function serverBindings(target: Target, controlExchange: string): Binding[] {
  const exchange = target.exchange ?? controlExchange;
  const topic = target.topic ?? '';
  const own = `${topic}.${target.server}`;
  return [
    { exchange, key: topic, type: 'topic', queue: topic, transient: false },
    { exchange, key: own, type: 'topic', queue: own, transient: false },
    // A fanout exchange looks at no key; this is the one that Python binds with.
    { exchange: `${topic}_fanout`, key: topic, type: 'fanout', queue: `${topic}_fanout_${newId()}`, transient: true },
  ];
}

/** The queues of a notification listener: one for each key, or the pool's for all. A queue comes once for each binding. */
export function notificationBindings({ sources, pool }: Subscription): Binding[] {
  return sources.map(({ exchange, key }) => ({ exchange, key, type: 'topic', queue: pool ?? key, transient: false }));
}
