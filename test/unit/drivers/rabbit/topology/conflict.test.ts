import { describe, expect, it } from 'vitest';
import type { RabbitOptions } from '../../../../../lib/core/rabbit-options.js';
import { rabbitSettings } from '../../../../../lib/core/rabbit-settings.js';
import {
  adviceOn,
  type Difference,
  deniedTransient,
  differenceIn,
  differencesBetween,
  isUsable,
  remedyFor,
} from '../../../../../lib/drivers/rabbit/topology/conflict.js';
import type { Definition, Resource } from '../../../../../lib/drivers/rabbit/topology/resource.js';
import { troubleText } from '../../../../../lib/drivers/rabbit/topology/trouble.js';

const definition = (changes: Partial<Definition> = {}): Definition => ({
  type: 'classic',
  durable: true,
  autoDelete: false,
  exclusive: false,
  arguments: {},
  ...changes,
});

const resource = (role: Resource['role'], type: string, name = 'orders'): Resource => ({
  kind: role === 'control' || role === 'fanout' ? 'exchange' : 'queue',
  role,
  name,
  asked: definition({ type }),
});

const difference = (argument: string, wanted: string, found: string): Difference => ({ argument, wanted, found });

describe('differenceIn', () => {
  it.each<[string, Difference | undefined]>([
    [
      `Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - inequivalent arg 'durable' for exchange 'tacker' in vhost '/': received 'false' but current is 'true'"`,
      difference('durable', "'false'", "'true'"),
    ],
    [
      `inequivalent arg 'x-expires' for queue 'q' in vhost '/': received the value '60000' of type 'signedint' but current is none`,
      difference('x-expires', "the value '60000' of type 'signedint'", 'none'),
    ],
    [
      `inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received none but current is the value 'quorum' of type 'longstr'"`,
      difference('x-queue-type', 'none', "the value 'quorum' of type 'longstr'"),
    ],
    ["NOT_FOUND - no exchange 'tacker' in vhost '/'", undefined],
    ['', undefined],
  ])('reads %j', (message, expected) => {
    expect(differenceIn(message)).toEqual(expected);
  });
});

describe('isUsable', () => {
  it.each([
    [difference('durable', "'true'", "'false'"), true],
    [difference('x-expires', 'none', "'60000'"), true],
    [difference('type', "'topic'", "'fanout'"), false],
    [difference('x-queue-type', "'classic'", "'quorum'"), true],
    [difference('x-queue-type', "'classic'", "'stream'"), false],
    [difference('x-queue-type', "'stream'", 'none'), false],
  ])('of %j is %s', (one, expected) => {
    expect(isUsable(one)).toBe(expected);
  });
});

describe('differencesBetween', () => {
  it.each<[string, Partial<Definition>, Partial<Definition>, Difference[]]>([
    ['equal definitions', { arguments: { 'x-expires': 1 } }, { arguments: { 'x-expires': 1 } }, []],
    ['durability', { durable: false }, {}, [difference('durable', "'false'", "'true'")]],
    ['deletion', {}, { autoDelete: true }, [difference('auto_delete', "'false'", "'true'")]],
    ['types of queues', {}, { type: 'stream' }, [difference('x-queue-type', "'classic'", "'stream'")]],
    ['types of exchanges', { type: 'topic' }, { type: 'fanout' }, [difference('type', "'topic'", "'fanout'")]],
    [
      'arguments',
      { arguments: { a: 1, b: 2 } },
      { arguments: { b: 3, c: 4 } },
      [difference('a', "'1'", 'none'), difference('b', "'2'", "'3'"), difference('c', 'none', "'4'")],
    ],
    [
      'several fields',
      { durable: false },
      { type: 'quorum' },
      [difference('durable', "'false'", "'true'"), difference('x-queue-type', "'classic'", "'quorum'")],
    ],
  ])('finds %s', (_name, asked, present, expected) => {
    expect(differencesBetween(definition(asked), definition(present))).toEqual(expected);
  });

  it('ignores exclusive use, which the broker reports in another way', () => {
    expect(differencesBetween(definition(), definition({ exclusive: true }))).toEqual([]);
  });
});

const TO_TRUE = difference('durable', "'false'", "'true'");
const TO_FALSE = difference('durable', "'true'", "'false'");

describe('adviceOn', () => {
  const change = (role: Resource['role'], type: string, ...differences: Difference[]) =>
    /^Either (.*), or (?:let the queue|stop all programs)/.exec(adviceOn(resource(role, type), differences))?.[1];
  const DURABLE = 'set rabbit.amqpDurableQueues (oslo: amqp_durable_queues) to';
  const TRANSIENT = 'set rabbit.rabbitTransientQuorumQueue (oslo: rabbit_transient_quorum_queue) to';
  const QUORUM = 'set rabbit.rabbitQuorumQueue (oslo: rabbit_quorum_queue) to';
  const STREAM = 'set rabbit.rabbitStreamFanout (oslo: rabbit_stream_fanout) to';
  const queueType = (found: string) => difference('x-queue-type', "'classic'", found);

  it.each<[string, Difference, string]>([
    // `rabbitQuorumQueue` alone makes the exchange and quorum queues durable, so both must be off.
    ['control topic', TO_FALSE, `${DURABLE} false, and ${QUORUM} false`],
    ['control topic', TO_TRUE, `${DURABLE} true`],
    [
      'control topic',
      difference('auto_delete', "'false'", "'true'"),
      'set rabbit.amqpAutoDelete (oslo: amqp_auto_delete) to true',
    ],
    [
      'control topic',
      difference('type', "'topic'", "'direct'"),
      'use another exchange (controlExchange; oslo: control_exchange)',
    ],
    ['fanout fanout', difference('type', "'fanout'", "'topic'"), 'use another topic, since the name is made of it'],
    ['fanout fanout', TO_TRUE, `${TRANSIENT} true`],
    ['fanout fanout', TO_FALSE, `${TRANSIENT} false, and ${STREAM} false`],
    ['shared quorum', TO_FALSE, `${DURABLE} false, and ${QUORUM} false`],
    ['shared classic', TO_FALSE, `${DURABLE} false`],
    ['shared classic', queueType("the value 'quorum' of type 'longstr'"), `${QUORUM} true`],
    ['shared quorum', queueType('none'), `${QUORUM} false`],
    [
      'shared quorum',
      difference('x-delivery-limit', 'none', "'7'"),
      "set rabbit.rabbitQuorumDeliveryLimit (oslo: rabbit_quorum_delivery_limit) to the existing value, '7'",
    ],
    [
      'shared classic',
      queueType("the value 'stream' of type 'longstr'"),
      'use another topic, since no option makes this queue a stream',
    ],
    ['stream stream', queueType("'quorum'"), 'set rabbit.rabbitStreamFanout (oslo: rabbit_stream_fanout) to false'],
    ['transient quorum', TO_FALSE, `${TRANSIENT} false`],
    ['transient classic', queueType("'quorum'"), `${TRANSIENT} true`],
    [
      'transient classic',
      difference('x-expires', "'1800000'", "'60000'"),
      "set rabbit.rabbitTransientQueuesTtl (oslo: rabbit_transient_queues_ttl) to the existing value, '60000'",
    ],
    ['stream stream', queueType("'classic'"), 'set rabbit.rabbitStreamFanout (oslo: rabbit_stream_fanout) to false'],
    [
      'stream stream',
      difference('x-max-length', 'none', "'5'"),
      'set x-max-length by a policy of the broker (rabbitmqctl set_policy), as there is no option for it',
    ],
  ])('on %s, %j', (name, one, expected) => {
    const [role, type] = name.split(' ') as [Resource['role'], string];
    expect(change(role, type, one)).toBe(expected);
  });

  it('names each change once', () => {
    expect(change('transient', 'classic', TO_TRUE, queueType("'quorum'"))).toBe(`${TRANSIENT} true`);
    expect(change('shared', 'classic', TO_TRUE, queueType("'quorum'"))).toBe(`${DURABLE} true, and ${QUORUM} true`);
  });

  it.each([
    ['plain.name-1:x', 'plain.name-1:x'],
    ['two words', "'two words'"],
    ["it's; rm", "'it'\\''s; rm'"],
  ])('quotes the name %j for a shell', (name, quoted) => {
    expect(adviceOn(resource('shared', 'classic', name), [TO_TRUE])).toContain(`rabbitmqctl delete_queue ${quoted})`);
    expect(adviceOn(resource('control', 'topic', name), [TO_TRUE])).toContain(`delete exchange --name ${quoted};`);
  });
});

describe('remedyFor', () => {
  it.each([
    [403, /permissions.*set_permissions/],
    [404, /does not exist now.*node of the cluster/],
    [405, /exclusively: stop that program.*delete_queue orders/],
    [503, /closed the connection.*list_vhost_limits/],
    [530, /closed the connection.*list_vhost_limits/],
    [540, /closed the connection.*list_vhost_limits/],
    [undefined, /something that this broker does not support/],
  ])('names the remedy for the reply code %s', (code, remedy) => {
    const refusal = Object.assign(new Error('Operation failed'), { code });
    expect(remedyFor(refusal, resource('shared', 'classic'))).toMatch(remedy);
  });

  it('names the limits of the virtual host where one of them is reached', () => {
    const refusal = Object.assign(new Error("PRECONDITION_FAILED - queue limit in vhost '/' (5) is reached"), {
      code: 406,
    });
    expect(remedyFor(refusal, resource('shared', 'classic'))).toMatch(/list_vhost_limits/);
  });
});

describe('deniedTransient', () => {
  it.each<[RabbitOptions, RegExp]>([
    [{ profile: 'classic' }, /rabbit\.profile 'classic' asks for them\. Leave it out, or set it to 'rabbitmq-4'\./],
    [{ amqpAutoDelete: true }, /rabbit\.amqpAutoDelete \(oslo: amqp_auto_delete\) asks for them\. Leave it out\./],
    [{ rabbitTransientQuorumQueue: false }, /rabbit\.rabbitTransientQuorumQueue/],
    [{ profile: 'rabbitmq-4', rabbitTransientQuorumQueue: false }, /rabbit\.rabbitTransientQuorumQueue/],
    [{ profile: 'rabbitmq-4', rabbitQuorumQueue: false, amqpDurableQueues: false }, /rabbit\.amqpDurableQueues/],
    [{}, /denies transient queues\. Python services .*transient_nonexcl_queues = true/],
  ])('names the option that asks for transient queues, and the cure: %j', (options, text) => {
    expect(troubleText(deniedTransient(rabbitSettings(options).transientBy))).toMatch(text);
  });
});
