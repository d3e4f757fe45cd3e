import type { MethodView, TopicView } from '../../../lib/explorer/protocol.js';

/** Moment of the fixtures. */
export const NOW = Date.UTC(2026, 10, 30, 3, 12, 40);

/** Method of the fixtures; the rest of it is given. */
export function method(name: string, rest: Partial<MethodView> = {}): MethodView {
  return {
    name,
    kind: 'call',
    since: '1.0',
    fanout: false,
    toServer: false,
    args: { type: 'object', properties: { vnf_id: { type: 'string' } }, required: ['vnf_id'] },
    result: null,
    example: { vnf_id: 'vnf-7f3a' },
    doc: null,
    handler: null,
    stats: null,
    ...rest,
  };
}

const SCALE_ARGS = {
  type: 'object',
  properties: {
    vnf_id: { type: 'string', description: 'Id of the VNF instance.' },
    aspect: { enum: ['cpu', 'memory', 'worker'] },
    steps: { type: 'integer', minimum: 1, maximum: 10 },
    force: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' } },
    options: {
      type: 'object',
      properties: { grace: { type: 'number', description: 'Seconds.' }, reason: { type: ['string', 'null'] } },
    },
  },
  required: ['vnf_id', 'aspect', 'steps'],
};

const stats = (count: number, errors: number, p50: number, p99: number) => ({
  count,
  errors,
  p50,
  p95: p99 * 0.7,
  p99,
});

const server = (name: string, state: TopicView['servers'][number]['state'], used: number) => ({
  name,
  state,
  library: 'nestjs-oslo-messaging',
  version: '0.3.0',
  runtime: 'Node.js 22.11.0',
  host: name,
  since: NOW - 7_400_000,
  lastSeen: state === 'silent' ? NOW - 95_000 : NOW - 2000,
  slots: { used, limit: 64 },
});

/** Topics of an orchestrator: its conductor, an agent in Python, and an inventory. */
export const TOPICS: readonly TopicView[] = [
  {
    exchange: 'tacker',
    topic: 'conductor',
    transport: null,
    own: true,
    servers: [server('control-1', 'serving', 9), server('control-2', 'serving', 12), server('control-3', 'silent', 0)],
    others: 0,
    apis: [
      {
        namespace: null,
        version: '1.2',
        methods: [
          method('get', { handler: 'Conductor.get', stats: stats(48_211, 12, 3.2, 41), doc: 'Reads a VNF instance.' }),
          method('instantiate', {
            kind: 'cast',
            handler: 'Conductor.instantiate',
            stats: stats(1204, 31, 840, 4210),
            args: {
              type: 'object',
              properties: { vnf_id: { type: 'string' }, name: { type: 'string' } },
              required: ['vnf_id', 'name'],
            },
          }),
          method('scale', {
            since: '1.2',
            handler: 'Conductor.scale',
            stats: stats(310, 4, 120, 1900),
            args: SCALE_ARGS,
            example: { vnf_id: 'vnf-7f3a', aspect: 'worker', steps: 2 },
          }),
          method('take_inventory', { kind: 'cast', fanout: true, args: null, example: {} }),
        ],
      },
    ],
    queues: [
      { name: 'conductor', ready: 0, unacknowledged: 21, consumers: 2 },
      { name: 'conductor.control-1', ready: 0, unacknowledged: 0, consumers: 1 },
    ],
  },
  {
    exchange: 'tacker',
    topic: 'agent',
    transport: null,
    own: false,
    servers: [],
    others: 3,
    apis: [],
    queues: [{ name: 'agent', ready: 4, unacknowledged: 3, consumers: 3 }],
  },
  {
    exchange: 'tacker',
    topic: 'inventory',
    transport: null,
    own: false,
    servers: [{ ...server('store-1', 'serving', 1), runtime: 'Python 3.11', library: 'oslo.messaging' }],
    others: 0,
    apis: [{ namespace: 'stock', version: '2.0', methods: [method('reserve'), method('release', { kind: 'cast' })] }],
    queues: [{ name: 'inventory', ready: 0, unacknowledged: 1, consumers: 1 }],
  },
];
