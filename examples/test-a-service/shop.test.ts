import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Test } from '@nestjs/testing';
import { RequestContext } from 'nestjs-oslo-messaging';
import { TestBroker } from 'nestjs-oslo-messaging/testing';
import { ShopModule } from './shop.js';

const alice = new RequestContext({ userId: 'alice' });
let broker: TestBroker;

beforeEach(async () => {
  broker = new TestBroker();
  await broker.startMicroservice(Test.createTestingModule({ imports: [ShopModule] }));
});

afterEach(() => broker.close());

function order(item: string): Promise<string> {
  return broker.client({ topic: 'shop', version: '1.0' }).call<string>(alice, 'order', { item });
}

test('an order takes the item from the stock, and is announced', async () => {
  await broker.serve({ topic: 'stock', version: '1.0' }, { take: () => 7 });
  assert.equal(await order('tea'), 'tea for alice, 7 left');

  const taken = broker.calls.find(({ method }) => method === 'take');
  assert.deepEqual(taken?.args, { item: 'tea' });
  assert.equal(taken?.context.user_id, 'alice');
  assert.deepEqual(broker.notifications[0]?.payload, { item: 'tea', left: 7 });
});

test('an order fails where the stock fails', async () => {
  const take = () => {
    throw new RangeError('no tea');
  };
  await broker.serve({ topic: 'stock', version: '1.0' }, { take });
  await assert.rejects(order('tea'), /no tea/);
  assert.equal(broker.notifications.length, 0);
});

test('an order fails where the broker refuses the request', async () => {
  await broker.serve({ topic: 'stock', version: '1.0' }, { take: () => 7 });
  const fault = broker.once('take').fail();
  await assert.rejects(order('tea'), /MessageDeliveryFailure/);
  assert.equal(fault.applied, 1);
  assert.equal(await order('tea'), 'tea for alice, 7 left');
});
