import type { DeadLetters, Snapshot, TransportView } from '../../../lib/explorer/protocol.js';
import { WELL } from './fixture-findings.js';
import { NOW, TOPICS } from './fixture-topics.js';

/** Transport of the fixtures; the rest of it is given. */
export function transport(rest: Partial<TransportView> = {}): TransportView {
  return {
    name: null,
    use: 'rpc',
    url: 'rabbit://tacker:***@mq1.example:5672,mq2.example:5672/',
    broker: 'rabbit',
    status: 'connected',
    connections: [
      { purpose: 'publishing', state: 'connected' },
      { purpose: 'consuming', state: 'connected' },
    ],
    blockedSeconds: 0,
    consumers: [
      { queue: 'conductor', attached: true },
      { queue: 'conductor.control-1', attached: true },
      { queue: 'reply_5c1d', attached: true },
    ],
    lastError: null,
    slots: { used: 9, limit: 64, waiting: 0 },
    pending: { calls: 14, publishes: 2, publishBytes: 1840 },
    counts: { redelivered: 2, lateReplies: 7, deadLettered: 0 },
    ...rest,
  };
}

/** State of an application where all is well; the rest of it is given. */
export function snapshot(rest: Partial<Snapshot> = {}): Snapshot {
  return {
    at: NOW,
    title: 'nfv-orchestrator',
    source: 'application',
    version: '0.3.0',
    readOnly: false,
    can: { call: true, dead: true, replay: true, tap: false, management: true },
    notices: [],
    transports: [
      transport(),
      transport({ use: 'notifications', slots: { used: 0, limit: 0, waiting: 0 }, counts: {} }),
    ],
    topics: TOPICS,
    timeouts: [],
    unknownMethods: [
      {
        exchange: 'tacker',
        topic: 'conductor',
        namespace: null,
        version: '1.0',
        method: 'instanciate',
        error: 'NoSuchMethod',
        count: 12,
        at: NOW - 64_000,
      },
      {
        exchange: 'tacker',
        topic: 'conductor',
        namespace: null,
        version: '1.7',
        method: 'heal',
        error: 'UnsupportedVersion',
        count: 3,
        at: NOW - 700_000,
      },
    ],
    findings: WELL,
    findingsAt: NOW - 20_000,
    ...rest,
  };
}

/** Read-only state, as it is without options. */
export const readOnly = (rest: Partial<Snapshot> = {}): Snapshot =>
  snapshot({ readOnly: true, can: { call: false, dead: true, replay: false, tap: false, management: true }, ...rest });

/** Dead letters of one queue, in two groups. */
export const DEAD: DeadLetters = {
  at: NOW,
  incomplete: null,
  queues: [
    {
      queue: 'conductor.dead',
      transport: null,
      original: 'conductor',
      count: 120,
      groups: [
        {
          id: 'g1',
          reason: 'delivery limit: delivered 20 times without an acknowledgement',
          method: 'instantiate',
          count: 118,
          failedAgain: 6,
          firstAt: NOW - 9_000_000,
          lastAt: NOW - 40_000,
        },
        {
          id: 'g2',
          reason: 'unreadable: not JSON',
          method: null,
          count: 2,
          failedAgain: 0,
          firstAt: NOW - 800_000,
          lastAt: NOW - 700_000,
        },
      ],
      messages: Array.from({ length: 60 }, (_, index) => ({
        id: `m${index}`,
        group: index < 58 ? 'g1' : 'g2',
        kind: index < 58 ? ('request' as const) : ('unreadable' as const),
        method: index < 58 ? 'instantiate' : null,
        namespace: null,
        version: '1.0',
        args: index < 58 ? `{"vnf_id":"vnf-${1000 + index}","name":"edge-${index}"}` : '\u0000\u0001garbage',
        reason: index < 58 ? 'delivery limit: delivered 20 times without an acknowledgement' : 'unreadable: not JSON',
        at: NOW - 9_000_000 + index * 60_000,
        deliveries: 20,
        replays: index % 10 === 0 ? 1 : 0,
        requestId: `req-${index}`,
        caller: 'admin',
      })),
    },
  ],
};
