import { PRIORITIES } from '../../internal.js';
import type { BenchPlan } from './bench-plan.js';

/** Returns the queue that the messages of a load wait in. */
export function queueOf({ mode, topic, server }: BenchPlan): string {
  if (mode === 'notify') return `${topic}.info`;
  return server === undefined ? topic : `${topic}.${server}`;
}

/** Returns the queues of a server that a load has started. */
export function ownQueues(topic: string, server: string): string[] {
  return [topic, `${topic}.${server}`, ...PRIORITIES.map((priority) => `${topic}.${priority}`)];
}

/** Returns the exchange that a load has made up; undefined for any other. */
export const ownExchange = ({ serve, exchange }: BenchPlan) => (serve?.ownExchange ? exchange : undefined);
