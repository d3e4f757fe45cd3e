import { expect, it } from 'vitest';
import { Deadline } from '../../../../../lib/core/deadline.js';
import { Unwritten } from '../../../../../lib/drivers/rabbit/publishing/unwritten.js';

const never = new Promise<void>(() => undefined);

it('waits until every message is written', async () => {
  const unwritten = new Unwritten();
  const [first, second] = [unwritten.add(), unwritten.add()];
  const order: string[] = [];
  const flushed = unwritten.flush(never, Deadline.after(60_000)).then(() => order.push('flushed'));
  first();
  first();
  order.push('one');
  second();
  await flushed;
  expect(order).toEqual(['one', 'flushed']);
});

it.each([
  ['the connection is lost', Promise.resolve(), 60_000],
  ['its time is over', never, 60_000],
  ['the drain timeout is over', never, 0],
])('ends without them when %s', async (_name, disconnected, milliseconds) => {
  const unwritten = new Unwritten();
  const written = unwritten.add();
  await unwritten.flush(disconnected, Deadline.after(milliseconds));
  written();
});
