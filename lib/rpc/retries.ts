import { LRUCache } from 'lru-cache';
import { abortErrorOf } from '../core/abort.js';
import { withAttempt } from '../core/attempt.js';
import { MessageDeliveryFailure, MessageUndeliverable, MessagingTimeout, ServerOverloaded } from '../core/errors.js';
import type { OutgoingMessage, RpcClientInterceptor } from '../core/instrumentation.js';
import { checkOptions, object } from '../core/option-rules.js';
import { pause } from '../core/pause.js';
import { shared } from '../core/shared.js';
import type { Target } from '../core/target.js';
import type { Transport } from '../messaging/transport.js';
import { RetryBudget } from './retry-budget.js';
import { RETRY_RULES, type RetryPolicy, RetryRules } from './retry-policy.js';

/** Maximum number of targets with a budget of their own, for each transport. */
const MAX_TARGETS = 1000;

const budgets = shared('retry budgets', () => new WeakMap<Transport, LRUCache<string, RetryBudget>>());
/** Rules by policy: a client is prepared for each call, with the same policy. */
const rules = new WeakMap<RetryPolicy, RetryRules>();

/**
 * Returns a link that repeats requests by a policy, inside their deadline.
 * @throws ConfigurationError for an unknown or ill-typed option
 */
export function retryLink(transport: Transport, policy: RetryPolicy): RpcClientInterceptor {
  const known = rules.get(policy) ?? checkedRules(policy);
  rules.set(policy, known);
  return (message, next) => (known.allows(message.method) ? sendAgain(message, next, known, transport) : next(message));
}

function checkedRules(policy: RetryPolicy): RetryRules {
  if (typeof policy !== 'object') checkOptions({ retryPolicy: policy }, { retryPolicy: object }, '');
  checkOptions(policy, RETRY_RULES, 'retryPolicy.');
  // Its absence would be silent: nothing is ever repeated.
  if (policy.methods === undefined) checkOptions({ methods: null }, RETRY_RULES, 'retryPolicy.');
  return new RetryRules(policy);
}

async function sendAgain(
  message: OutgoingMessage,
  next: Parameters<RpcClientInterceptor>[1],
  policy: RetryRules,
  transport: Transport,
): Promise<unknown> {
  const { closed, counters } = transport;
  const budget = budgetOf(transport, message.target);
  budget.earn(policy.budget);
  for (let attempt = 1; ; attempt++) {
    try {
      return await next(attemptOf(message, attempt, policy));
    } catch (error) {
      if (attempt >= policy.attempts || message.signal?.aborted || !isRepeatable(error)) throw error;
      const wait = policy.pauseAfter(attempt);
      if (message.deadline.remaining() <= wait) throw error;
      if (!budget.spend()) {
        counters.count('refusedRetries');
        throw error;
      }
      await pause(wait, closed, message.signal);
      if (message.signal?.aborted)
        throw abortErrorOf(message.signal, { target: message.target, method: message.method });
      if (closed.aborted) throw error;
      counters.count('retries');
    }
  }
}

function attemptOf(message: OutgoingMessage, attempt: number, { attemptTimeout }: RetryRules): OutgoingMessage {
  const { context } = message;
  const deadline = attemptTimeout === undefined ? message.deadline : message.deadline.shortened(attemptTimeout);
  if (attempt === 1) return attemptTimeout === undefined ? message : { ...message, deadline };
  return { ...message, deadline, attempt, context: withAttempt(context, attempt) };
}

/** Returns true for a request that failed before its handler answered. The result of a handler is never repeated. */
function isRepeatable(error: unknown): boolean {
  return (
    error instanceof MessageDeliveryFailure ||
    error instanceof MessageUndeliverable ||
    error instanceof ServerOverloaded ||
    error instanceof MessagingTimeout
  );
}

function budgetOf(transport: Transport, { exchange, topic, server }: Target): RetryBudget {
  const ofTransport = budgets.get(transport) ?? newBudgets(transport);
  const key = JSON.stringify([exchange ?? transport.settings.controlExchange, topic, server]);
  const known = ofTransport.get(key);
  if (known) return known;
  const budget = new RetryBudget();
  ofTransport.set(key, budget);
  return budget;
}

function newBudgets(transport: Transport): LRUCache<string, RetryBudget> {
  const made = new LRUCache<string, RetryBudget>({ max: MAX_TARGETS });
  budgets.set(transport, made);
  return made;
}
