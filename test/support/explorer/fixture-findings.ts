import type { FindingView } from '../../../lib/explorer/protocol.js';

/** Findings for the night: a case of each kind, named as the doctor names it. */
export const NIGHT: Readonly<Record<string, FindingView>> = {
  'nobody consumes': {
    severity: 'fault',
    state: 'unserved',
    kind: 'queue',
    name: 'billing',
    text: 'durable, 214 messages, 0 consumers',
    why: 'Calls fail at their deadline; casts wait until a server starts.',
    cure: 'Start a server of the topic, or read the log of the one that should run.',
  },
  'durable against transient': {
    severity: 'fault',
    state: 'conflict',
    kind: 'queue',
    name: 'inventory',
    text: 'Declared as durable, asked for as transient: PRECONDITION_FAILED - inequivalent arg durable',
    why: 'The server cannot consume from it, and does not start.',
    cure: 'Give both sides the same amqpDurableQueues (oslo: amqp_durable_queues), or delete the queue while it is empty.',
  },
  'wrong exchange': {
    severity: 'fault',
    state: 'unbound',
    kind: 'queue',
    name: 'conductor.control-3',
    text: 'It is bound to the exchange "nova" by the key "conductor.control-3", not to "tacker"',
    why: 'Calls to this server are undeliverable.',
    cure: 'Give its servers and their callers the same controlExchange (oslo: control_exchange).',
  },
};

/** Findings of a broker where everything is as it should be. */
export const WELL: readonly FindingView[] = ['conductor', 'agent', 'inventory'].map((name) => ({
  severity: 'ok',
  state: 'as asked',
  kind: 'queue',
  name,
  text: 'transient, auto-delete, 0 messages, 2 consumers',
  why: null,
  cure: null,
}));
