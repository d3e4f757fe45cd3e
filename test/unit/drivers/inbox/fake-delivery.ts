import { Counters } from '../../../../lib/core/counters.js';
import { normalizeOptions } from '../../../../lib/core/settings.js';
import type { Delivery } from '../../../../lib/drivers/inbox/delivery.js';
import { LogRecorder } from '../../../support/log-recorder.js';

/** Delivery that records how it was settled. */
export interface FakeDelivery extends Delivery {
  readonly settled: ('acknowledged' | 'requeued' | 'released')[];
}

/** Returns a delivery of the queue `q`, as the first of its message unless the facts say otherwise. */
export function fakeDelivery(facts: Partial<Delivery> = {}): FakeDelivery {
  const settled: FakeDelivery['settled'] = [];
  const body = facts.body ?? Buffer.from('{}');
  return {
    body,
    queue: 'q',
    returns: 0,
    maxReturns: Number.POSITIVE_INFINITY,
    redelivered: false,
    repeated: false,
    expires: Number.POSITIVE_INFINITY,
    read: () => JSON.parse(body.toString()),
    text: () => body,
    size: () => body.length,
    acknowledge: () => settled.push('acknowledged') > 0,
    requeue: () => settled.push('requeued'),
    release: () => settled.push('released'),
    ...facts,
    settled,
  } as FakeDelivery;
}

/** Returns the context of a driver, with a logger that records. */
export function fakeContext(options: Parameters<typeof normalizeOptions>[0] = {}) {
  const log = new LogRecorder();
  return { settings: normalizeOptions({ ...options, logger: log }), counters: new Counters(), log };
}
