import { ConfigurationError, NotificationFilter, type NotificationFilterFields } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';

const notification = {
  context: { user_id: 'u1', roles: ['admin'] },
  publisherId: 'compute.host1',
  eventType: 'compute.instance.create',
  metadata: { message_id: 'abc', timestamp: '2026-11-23 21:34:12.263210' },
  payload: { state: 'active', size: 3, vnf: { name: 'nat', 'a.b': 'dotted', deep: { er: 'x' } }, 'vnf.kind': 'fw' },
};

const matches = (fields: NotificationFilterFields) => new NotificationFilter(fields).match(notification);

describe('NotificationFilter', () => {
  it.each<NotificationFilterFields>([
    {},
    { publisherId: 'compute' },
    { publisherId: /^COMPUTE/i },
    { eventType: '.*create$' },
    { context: { user_id: '^u1$' } },
    { metadata: { timestamp: '2026-11' } },
    { payload: { state: 'act' } },
    { payload: { 'vnf.name': 'nat' } },
    { payload: { 'vnf.a.b': 'dotted' } },
    { payload: { 'vnf.kind': 'fw' } },
    { payload: { 'vnf.deep.er': 'x' } },
    { payload: { vnf: { name: /na/g, deep: { er: 'x' } } } },
    { publisherId: 'compute', payload: { state: 'active' } },
  ])('accepts with %j', (fields) => {
    const filter = new NotificationFilter(fields);
    // Twice: a regular expression must not remember.
    expect([filter.match(notification), filter.match(notification)]).toEqual([true, true]);
  });

  it.each<NotificationFilterFields>([
    // As re.match: at the beginning.
    { publisherId: 'host1' },
    { eventType: 'instance' },
    { context: { project_id: '.*' } },
    { context: { roles: 'admin' } },
    { context: { toString: '.*' } },
    { payload: { size: '3' } },
    { payload: { state: '^active.+' } },
    { payload: { 'vnf.name.first': '.' } },
    { payload: { vnf: '.*' } },
    { payload: { state: { name: '.' } } },
    { publisherId: 'compute', eventType: 'other' },
  ])('rejects with %j', (fields) => {
    expect(matches(fields)).toBe(false);
  });

  it('rejects a notification without the field', () => {
    const empty = { context: null, publisherId: null, eventType: null, metadata: {}, payload: 'text' };
    expect(new NotificationFilter({ publisherId: '.*' }).match(empty)).toBe(false);
    expect(new NotificationFilter({ payload: { length: '.*' } }).match(empty)).toBe(false);
    expect(new NotificationFilter({ context: { a: '.*' } }).match(empty)).toBe(false);
    expect(new NotificationFilter().match(empty)).toBe(true);
  });

  it.each([
    [{ eventType: '(' }, /eventType: "\(" is no regular expression/],
    [{ event_type: 'x' }, /"event_type" is unknown; known are context, publisherId/],
    [{ payload: 'x' }, /payload: expected an object/],
    [{ payload: { state: 3 } }, /payload\.state: expected a regular expression; got 3/],
    [{ publisherId: { a: 'b' } }, /publisherId: expected a regular expression/],
  ] as [object, RegExp][])('refuses %j', (fields, message) => {
    expect(() => new NotificationFilter(fields as NotificationFilterFields)).toThrow(message);
    expect(() => new NotificationFilter(fields as NotificationFilterFields)).toThrow(ConfigurationError);
  });
});
