import type { Direction, History, SeenMessage, Tick, Traffic } from '../../../lib/explorer/protocol.js';
import { NOW } from './fixture-topics.js';

/** Message of the fixtures; the rest of it is given. */
export function message(id: number, rest: Partial<SeenMessage> = {}): SeenMessage {
  return {
    id,
    at: NOW - 400_000 + id * 800,
    kind: 'call',
    direction: 'in',
    exchange: 'tacker',
    topic: 'conductor',
    server: null,
    namespace: null,
    version: '1.0',
    method: 'get',
    args: `{"vnf_id":"vnf-${id}"}`,
    result: '{"id":"vnf-1","status":"ACTIVE"}',
    duration: 3 + (id % 17),
    outcome: 'ok',
    error: null,
    caller: 'admin / nfv',
    requestId: `req-${String(id).padStart(6, '0')}`,
    messageId: `1f0c${id}`,
    handler: 'Conductor.get',
    waited: null,
    slow: false,
    ...rest,
  };
}

const KINDS: readonly Partial<SeenMessage>[] = [
  {},
  { direction: 'out', topic: 'agent', method: 'port_status', handler: null, caller: null },
  { kind: 'cast', method: 'instantiate', result: null, duration: 412, handler: 'Conductor.instantiate' },
  {
    kind: 'notification',
    direction: 'out',
    topic: 'notifications.info',
    method: 'vnf.create.end',
    result: null,
    handler: null,
  },
  { kind: 'fanout', method: 'take_inventory', args: '{"name":"rack-4"}', result: null },
  {
    method: 'scale',
    outcome: 'error',
    result: null,
    error: {
      type: 'VnfNotFound',
      message: 'VNF vnf-91 could not be found',
      traceback: ['    at Conductor.heal (conductor.ts:41:11)'],
    },
    handler: 'Conductor.scale',
  },
  {
    direction: 'out',
    topic: 'inventory',
    namespace: 'stock',
    method: 'reserve',
    outcome: 'timeout',
    result: null,
    duration: 60_000,
    slow: true,
    error: { type: 'MessagingTimeout', message: 'No reply within 60 s', traceback: [] },
    handler: null,
  },
  { method: 'scale', duration: 1840, slow: true, waited: 320, handler: 'Conductor.scale' },
];

/** Messages of some minutes, the oldest first. */
export const MESSAGES: readonly SeenMessage[] = Array.from({ length: 240 }, (_, id) =>
  // Most are plain calls.
  message(id, KINDS[id % 5 === 0 ? (id / 5) % KINDS.length : id % 2]),
);

function traffic(second: number, scale: number): Traffic {
  const wave = 1 + Math.sin(second / 45) * 0.3 + Math.sin(second / 7) * 0.06;
  // A slow minute, three minutes ago.
  const trouble = second > 390 && second < 450 ? 6 : 1;
  return {
    calls: Math.round(120 * wave * scale),
    casts: Math.round(34 * wave * scale),
    notifications: Math.round(12 * wave * scale),
    errors: trouble > 1 ? 9 : second % 11 === 0 ? 1 : 0,
    timeouts: trouble > 1 ? 4 : 0,
    inFlight: Math.round(8 * wave * trouble),
    p50: 3.4 * wave * Math.sqrt(trouble),
    p95: 19 * wave * trouble,
    p99: 46 * wave * trouble,
    max: 210 * trouble,
  };
}

/** Numbers of one second. @param second from 0; 599 is the present one */
export function tick(second: number, rest: Partial<Tick> = {}, directions: readonly Direction[] = ['in', 'out']): Tick {
  const own = directions.map((direction) => [direction, traffic(second, direction === 'out' ? 0.4 : 1)]);
  return {
    at: NOW - (599 - second) * 1000,
    elapsed: 1000,
    traffic: Object.fromEntries(own),
    slots: { used: traffic(second, 1).inFlight, limit: 64 },
    pendingCalls: 4,
    grownTimeouts: 0,
    shown: 20,
    total: 20,
    lost: 0,
    ...rest,
  };
}

/** Ten minutes of an application. */
export function history(rest: Partial<History> = {}): History {
  return {
    ticks: Array.from({ length: 600 }, (_, second) => tick(second)),
    messages: MESSAGES,
    slow: MESSAGES.filter(({ slow }) => slow),
    failed: MESSAGES.filter(({ outcome }) => outcome === 'error' || outcome === 'timeout'),
    slowThreshold: 1000,
    ...rest,
  };
}

/** History of an application that has just started. */
export const NO_HISTORY: History = { ticks: [], messages: [], slow: [], failed: [], slowThreshold: 1000 };
