import { expect, it } from 'vitest';
import { limitsOf } from '../../../../lib/core/limits.js';
import { Admission } from '../../../../lib/drivers/inbox/admission.js';
import type { Delivery } from '../../../../lib/drivers/inbox/delivery.js';
import { WorkLimit } from '../../../../lib/drivers/inbox/work-limit.js';
import { fakeDelivery } from './fake-delivery.js';

/** One of these messages fills the work limit. */
const full = () => fakeDelivery({ body: Buffer.alloc(1000, '[') });
const light = () => fakeDelivery();

/** @param onAccept called with each accepted message and its share */
function admit(onAccept?: (admission: Admission, taken: number) => void) {
  const accepted: { delivery: Delivery; taken: number }[] = [];
  const states: boolean[] = [];
  const admission: Admission = new Admission(
    new WorkLimit(limitsOf({ bytesInWork: 48_000 }), 2),
    (delivery, taken) => {
      accepted.push({ delivery, taken });
      onAccept?.(admission, taken);
    },
    (isFull) => states.push(isFull),
  );
  return { admission, accepted, states, deliveries: () => accepted.map(({ delivery }) => delivery) };
}

it('accepts light messages at once', () => {
  const { admission, accepted, states } = admit();
  for (let n = 0; n < 10; n++) admission.push(light());
  expect(accepted.map(({ taken }) => taken)).toEqual(Array(10).fill(0));
  expect([admission.isFull, states]).toEqual([false, []]);
});

it('makes later messages wait in order, light ones too, and reports when it fills and empties', () => {
  const { admission, accepted, states, deliveries } = admit();
  const pushed = [full(), full(), light()];
  for (const delivery of pushed) admission.push(delivery);
  expect([deliveries(), admission.isFull, states]).toEqual([pushed.slice(0, 1), true, [true]]);
  admission.giveBack(accepted[0]?.taken ?? 0);
  expect([deliveries(), admission.isFull, states]).toEqual([pushed, false, [true, false]]);
});

it('accepts nothing more for a share of zero', () => {
  const { admission, accepted } = admit();
  admission.push(full());
  admission.push(full());
  admission.giveBack(0);
  expect(accepted).toHaveLength(1);
});

it('accepts a long queue of messages that end at once without recursion', () => {
  let isHeld = true;
  const { admission, accepted, deliveries } = admit((self, taken) => {
    if (!isHeld) self.giveBack(taken);
  });
  const pushed = Array.from({ length: 20_000 }, full);
  for (const delivery of pushed) admission.push(delivery);
  expect(accepted).toHaveLength(1);
  isHeld = false;
  admission.giveBack(accepted[0]?.taken ?? 0);
  // One by one: comparing the objects deeply takes seconds.
  expect(deliveries().every((delivery, index) => delivery === pushed[index])).toBe(true);
  expect([accepted.length, admission.isFull]).toEqual([pushed.length, false]);
});

it('returns the waiting messages when it is closed, and accepts later ones uncounted', () => {
  const { admission, accepted, states } = admit();
  const waiting = [full(), full()];
  for (const delivery of [full(), ...waiting]) admission.push(delivery);
  expect(admission.close()).toEqual(waiting);
  expect([admission.isFull, states]).toEqual([false, [true, false]]);
  admission.push(full());
  expect(accepted.map(({ taken }) => taken === 0)).toEqual([false, true]);
});

it('reports nothing when it is closed while none waits', () => {
  const { admission, states } = admit();
  expect([admission.close(), states]).toEqual([[], []]);
});
