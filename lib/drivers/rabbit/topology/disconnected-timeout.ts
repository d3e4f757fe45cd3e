import type { QueueRules } from './management-api.js';

/** Name of the rule in a policy. The argument of a queue has `x-` before it, the setting of the broker `_` for `-`. */
const RULE = 'consumer-disconnected-timeout';

/** Release of RabbitMQ from which on the rule applies to quorum queues. */
const SINCE = 4.03;

/** Value of the broker's setting that its configuration does not give, in seconds. */
const DEFAULT_SECONDS = 60;

/**
 * Returns the time for which a quorum queue keeps the requests of servers that were connected to a lost node, as text about
 * the queue; an empty text where the broker has no such rule. The management API does not report the broker's setting.
 */
export function disconnectedTimeout(version: number, type: string, rules: QueueRules | undefined): string {
  if (version < SINCE || type !== 'quorum' || rules === undefined) return '';
  const given = [rules.arguments[`x-${RULE}`], rules.policy[RULE]].filter((value) => typeof value === 'number');
  const what = 'requests held by servers on a lost node return after';
  if (given.length > 0) return `, ${what} ${Math.min(...given) / 1000} s (${RULE})`;
  return `, ${what} consumer_disconnected_timeout of the broker (${DEFAULT_SECONDS} s by default; a policy shortens it: ${RULE}, in milliseconds)`;
}
