import { describe, expect, it } from 'vitest';
import { Target } from '../../../lib/index.js';
import { differences, fieldsOf, includes, matches } from '../../../lib/testing/message-filter.js';

describe('A value includes another one', () => {
  it.each([
    [5, 5, true],
    [5, '5', false],
    [Number.NaN, Number.NaN, true],
    [null, null, true],
    [undefined, null, false],
    [{ a: 1, b: 2 }, { a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [{ a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 1 } } }, true],
    [[1, 2], [1, 2], true],
    [[1, 2], [1], false],
    [[{ a: 1, b: 2 }], [{ a: 1 }], true],
    [{ 0: 1 }, [1], false],
    [[1], { 0: 1 }, false],
    ['order.created', /^order\./, true],
    [5, /5/, false],
    ['x', {}, false],
    [null, {}, false],
    [{}, {}, true],
    [{ a: 'x' }, { a: expect.stringMatching(/x/) }, true],
    [{ a: 5 }, { a: expect.any(String) }, false],
    [2n ** 60n, 2n ** 60n, true],
  ])('%o, %o: %s', (actual, expected, isIncluded) => {
    expect(includes(actual, expected)).toBe(isIncluded);
  });

  it('by a regular expression that keeps its place', () => {
    const global = /a/g;
    expect([includes('a', global), includes('a', global)]).toEqual([true, true]);
  });
});

describe('A filter', () => {
  const call = {
    kind: 'call',
    target: new Target({ topic: 't', exchange: 'e', version: '1.0', server: 's' }),
    method: 'add',
    args: { a: 1 },
    context: { user_id: 'alice' },
  } as const;

  it('matches a message by each of its fields', () => {
    const fields = fieldsOf(call);
    expect(matches({}, fields)).toBe(true);
    expect(matches({ topic: 't', exchange: 'e', server: 's', version: '1.0', fanout: false }, fields)).toBe(true);
    expect(differences({ kind: 'cast', method: 'add', args: { a: 2 }, context: {}, fanout: true }, fields)).toEqual([
      'kind',
      'fanout',
      'args',
    ]);
    expect(differences({ eventType: /./, priority: 'info', namespace: 'n' }, fields)).toEqual([
      'eventType',
      'namespace',
      'priority',
    ]);
  });

  it('matches a reply only where it says so', () => {
    const reply = fieldsOf(call, 'reply');
    expect(matches({ method: 'add' }, reply)).toBe(false);
    expect(matches({ kind: 'reply', method: 'add' }, reply)).toBe(true);
    expect(matches({ kind: 'reply' }, fieldsOf(call))).toBe(false);
  });
});
