import { expect, it, onTestFinished, vi } from 'vitest';
import { readNotification } from '../../../../lib/core/notification.js';
import { NotificationHistory } from '../../../../lib/drivers/inbox/notification-history.js';
import { fakeDelivery } from './fake-delivery.js';

const identified = readNotification({ priority: 'INFO', _unique_id: 'n1' });
const anonymous = readNotification({ priority: 'INFO' });
const first = fakeDelivery();
const again = fakeDelivery({ repeated: true, redelivered: true });

it('begins with one delivery, and counts the later ones', () => {
  const histories = new NotificationHistory(10);
  const counts = [first, again, again].map((delivery) => {
    const history = histories.begin(identified, delivery);
    histories.keep(history);
    return history.deliveries;
  });
  expect(counts).toEqual([1, 2, 3]);
});

it('uses the larger of its own count and the count of the broker', () => {
  const histories = new NotificationHistory(10);
  const history = histories.begin(identified, fakeDelivery({ repeated: true, returns: 6 }));
  expect(history.deliveries).toBe(7);
  histories.keep(history);
  expect(histories.begin(identified, fakeDelivery({ repeated: true, returns: 2 })).deliveries).toBe(8);
});

it('keeps the handlers that finished', () => {
  const histories = new NotificationHistory(10);
  const history = histories.begin(identified, first);
  history.finishedBy.add('handler');
  histories.keep(history);
  expect([...histories.begin(identified, again).finishedBy]).toEqual(['handler']);
});

it('starts again with a message that was moved back from the dead-letter queue', () => {
  const histories = new NotificationHistory(10);
  histories.keep(histories.begin(identified, first));
  expect(histories.begin(identified, first).deliveries).toBe(1);
  expect(histories.begin(identified, again).deliveries).toBe(1);
});

it('finds a notification without an id by its body', () => {
  const histories = new NotificationHistory(10);
  histories.keep(histories.begin(anonymous, first));
  expect(histories.begin(anonymous, again).deliveries).toBe(2);
  const other = fakeDelivery({ body: Buffer.from('{"payload":1}'), repeated: true });
  expect(histories.begin(anonymous, other).deliveries).toBe(1);
});

it('forgets a finished notification', () => {
  const histories = new NotificationHistory(10);
  const history = histories.begin(identified, first);
  histories.keep(history);
  histories.forget(history.key);
  expect(histories.begin(identified, again).deliveries).toBe(1);
});

it('forgets after ten minutes, and the oldest beyond its limit', () => {
  // The cache keeps the real `performance`, and reads it once a second.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
  onTestFinished(() => {
    now.mockRestore();
    vi.useRealTimers();
  });
  const histories = new NotificationHistory(2);
  const withId = (id: number) => readNotification({ priority: 'INFO', _unique_id: `n${id}` });
  for (const id of [1, 2, 3]) histories.keep(histories.begin(withId(id), first));
  expect([1, 2, 3].map((id) => histories.begin(withId(id), again).deliveries)).toEqual([1, 2, 2]);
  now.mockReturnValue(1000 + 10 * 60_000);
  vi.advanceTimersByTime(1000);
  expect(histories.begin(withId(3), again).deliveries).toBe(3);
  now.mockReturnValue(1001 + 10 * 60_000);
  vi.advanceTimersByTime(1000);
  expect(histories.begin(withId(3), again).deliveries).toBe(1);
});
