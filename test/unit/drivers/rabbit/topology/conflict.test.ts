import { describe, expect, it } from 'vitest';
import { adviceOn } from '../../../../../lib/drivers/rabbit/topology/conflict.js';
import type { Resource } from '../../../../../lib/drivers/rabbit/topology/resource.js';

describe('adviceOn a difference in durability', () => {
  const resource = (kind: Resource['kind'], role: Resource['role'], type: string): Resource => ({
    kind,
    role,
    name: 'orders',
    asked: { type, durable: true, autoDelete: false, exclusive: false, arguments: {} },
  });
  const advice = (asked: Resource, found: string) =>
    adviceOn(asked, [{ argument: 'durable', wanted: found === "'true'" ? "'false'" : "'true'", found }]);
  const BOTH =
    /^Either set rabbit.amqpDurableQueues \(oslo: amqp_durable_queues\) to false, and set rabbit.rabbitQuorumQueue \(oslo: rabbit_quorum_queue\) to false, or /;

  it('names the option of quorum queues if that alone makes it durable', () => {
    expect(advice(resource('exchange', 'control', 'topic'), "'false'")).toMatch(BOTH);
    expect(advice(resource('queue', 'shared', 'quorum'), "'false'")).toMatch(BOTH);
  });

  it('names one option elsewhere', () => {
    expect(advice(resource('queue', 'shared', 'classic'), "'false'")).not.toContain('Quorum');
    expect(advice(resource('exchange', 'control', 'topic'), "'true'")).not.toContain('Quorum');
    expect(advice(resource('queue', 'transient', 'quorum'), "'false'")).toContain('rabbitTransientQuorumQueue');
  });
});
