import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { Listeners } from '../../../lib/core/listeners.js';
import { LogRecorder } from '../../support/log-recorder.js';

function make() {
  const log = new LogRecorder();
  const seen: string[] = [];
  return { log, seen, listeners: new Listeners<string>('onStatus', log), see: (value: string) => seen.push(value) };
}

describe('Listeners', () => {
  it('call a new listener with the current value and with each later one', () => {
    const { listeners, seen, see } = make();
    listeners.add(see, 'now');
    listeners.emit('later');
    expect(seen).toEqual(['now', 'later']);
  });

  it('call a listener of later values with these only', () => {
    const { listeners, seen, see } = make();
    listeners.addForNext(see);
    expect(seen).toEqual([]);
    listeners.emit('later');
    expect(seen).toEqual(['later']);
  });

  it('call a listener once for each time that it was added, until each is removed', () => {
    const { listeners, seen, see } = make();
    const remove = listeners.addForNext(see);
    listeners.addForNext(see);
    listeners.emit('both');
    remove();
    remove();
    listeners.emit('one');
    expect(seen).toEqual(['both', 'both', 'one']);
  });

  it('finish an event with a listener that is removed during it', () => {
    const { listeners, seen, see } = make();
    let remove: () => void = () => undefined;
    listeners.addForNext(() => remove());
    remove = listeners.addForNext(see);
    listeners.emit('first');
    listeners.emit('second');
    expect(seen).toEqual(['first']);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no\nway');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no\nway'))],
    [
      'throws a text',
      () => {
        throw 'no\nway';
      },
    ],
  ])('log a listener that %s in one line, and call the others', async (_name, fails) => {
    const { listeners, seen, see, log } = make();
    listeners.add(fails, 'now');
    listeners.addForNext(see);
    listeners.emit('later');
    await Promise.resolve();
    expect(seen).toEqual(['later']);
    expect(log.messages(/^A listener of onStatus failed: .*no way$/, 'error')).toHaveLength(2);
  });

  it('run outside of the async context of the event', () => {
    const { listeners } = make();
    const context = new AsyncLocalStorage<string>();
    const stores: unknown[] = [];
    listeners.addForNext(() => stores.push(context.getStore()));
    context.run('of a request', () => listeners.emit('x'));
    expect(stores).toEqual([undefined]);
  });
});
