import { newId } from '../core/id.js';
import type { Target } from '../core/target.js';
import type { Subscription } from './driver.js';

/** Exchange and routing key of a message. */
export interface Route {
  readonly exchange: string;
  readonly key: string;
  readonly type: 'topic' | 'fanout';
}

/** Queue that a server consumes, and its binding. */
export interface Binding extends Route {
  readonly queue: string;
  /** True for a queue of this server alone, with a random name. */
  readonly transient: boolean;
}

/** Returns where a request to the target is published. A fanout exchange is named after the topic only, as in Python. */
export function routeOf(target: Target, controlExchange: string): Route {
  const topic = target.topic ?? '';
  if (target.fanout) return { exchange: `${topic}_fanout`, key: '', type: 'fanout' };
  const key = target.server ? `${topic}.${target.server}` : topic;
  return { exchange: target.exchange ?? controlExchange, key, type: 'topic' };
}

/** Returns the three queues of a server: the one of the topic, its own, and its copy of fanout messages. */
export function serverBindings(target: Target, controlExchange: string): Binding[] {
  const exchange = target.exchange ?? controlExchange;
  const topic = target.topic ?? '';
  const own = `${topic}.${target.server}`;
  return [
    { exchange, key: topic, type: 'topic', queue: topic, transient: false },
    { exchange, key: own, type: 'topic', queue: own, transient: false },
    // A fanout exchange ignores the routing key. Python binds with this one.
    { exchange: `${topic}_fanout`, key: topic, type: 'fanout', queue: `${topic}_fanout_${newId()}`, transient: true },
  ];
}

/** Returns the bindings of a notification listener: to a queue per routing key, or all to the queue of the pool. */
export function notificationBindings({ sources, pool }: Subscription): Binding[] {
  return sources.map(({ exchange, key }) => ({ exchange, key, type: 'topic', queue: pool ?? key, transient: false }));
}
