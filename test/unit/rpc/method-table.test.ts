import { describe, expect, it } from 'vitest';
import { ConfigurationError, NoSuchMethod, UnsupportedVersion } from '../../../lib/core/errors.js';
import type { DeliveryMode } from '../../../lib/core/options.js';
import { readRequest } from '../../../lib/core/rpc-message.js';
import { Target } from '../../../lib/core/target.js';
import type { IncomingRequest } from '../../../lib/drivers/driver.js';
import { MethodTable, PING, PING_METHOD } from '../../../lib/rpc/method-table.js';

const entry = (handler: string, delivery?: DeliveryMode) => ({
  handler,
  expected: [],
  delivery,
  handle: () => handler,
});
const target = (version?: string, namespace?: string) => new Target({ version, namespace });

/** Table of the method `run` in these versions and namespaces, named by their order: a, b, … */
function tableOf(...targets: Target[]): MethodTable {
  const table = new MethodTable();
  targets.forEach((one, index) => {
    table.append(one, 'run', entry('abc'.charAt(index)));
  });
  return table;
}

describe('find', () => {
  it.each<[string, Target[], (string | undefined)[], string]>([
    ['defaults', [target()], [undefined, undefined], 'a'],
    ['the version itself', [target('1.5')], [undefined, '1.5'], 'a'],
    ['an older minor version', [target('1.5')], [undefined, '1.2'], 'a'],
    ['no version, which is 1.0', [target('1.5')], [undefined, undefined], 'a'],
    ['a namespace', [target(), target('1.0', 'ns')], ['ns', undefined], 'b'],
    ['the null namespace', [target('1.0', 'ns'), target()], [undefined, '1.0'], 'b'],
    ['a former namespace', [new Target({ namespace: 'ns', acceptedNamespaces: ['old'] })], ['old', '1.0'], 'a'],
    ['the first of two', [target('1.5'), target('1.2')], [undefined, '1.1'], 'a'],
    ['the first that is new enough', [target('1.2'), target('1.5')], [undefined, '1.3'], 'b'],
    ['another major version', [target('1.9'), target('2.0')], [undefined, '2.0'], 'b'],
  ])('finds by %s', (_name, targets, [namespace, version], expected) => {
    expect(tableOf(...targets).lookup({ namespace, version, method: 'run' })?.handler).toBe(expected);
  });

  it.each<[string, (string | undefined)[], string, new (...args: never[]) => Error]>([
    ['an unknown method', [undefined, '1.0'], 'walk', NoSuchMethod],
    ['a member of every object', [undefined, '1.0'], 'constructor', NoSuchMethod],
    ['an unknown namespace', ['other', '1.0'], 'run', UnsupportedVersion],
    ['a newer minor version', [undefined, '1.6'], 'run', UnsupportedVersion],
    ['another major version', [undefined, '2.0'], 'run', UnsupportedVersion],
    ['a malformed version', [undefined, 'x'], 'run', UnsupportedVersion],
    ['an unknown method in an unknown version', [undefined, '2.0'], 'walk', UnsupportedVersion],
  ])('refuses %s', (_name, [namespace, version], method, error) => {
    const table = tableOf(target('1.5'));
    expect(table.lookup({ namespace, version, method })).toBeUndefined();
    expect(table.refusalOf({ namespace, version, method })).toBeInstanceOf(error);
  });

  it('refuses a missing method by name in a target without methods', () => {
    const table = new MethodTable();
    table.addTarget(target('2.0', 'ns'));
    expect(table.refusalOf({ namespace: 'ns', version: '2.0', method: 'run' })).toBeInstanceOf(NoSuchMethod);
    expect(table.refusalOf({ namespace: undefined, version: '2.0', method: 'run' })).toBeInstanceOf(UnsupportedVersion);
  });
});

describe('add', () => {
  const add = (...targets: Target[]) => {
    const table = new MethodTable();
    targets.forEach((one, index) => {
      table.add(one, 'run', entry('abc'.charAt(index)));
    });
    return table;
  };

  it.each<[string, Target[], RegExp]>([
    [
      'one version',
      [target('1.5'), target('1.5')],
      /"run" has two handlers in namespace \(null\), version 1\.5: a and b/,
    ],
    ['the default version', [target(), target('1.0')], /version 1\.0: a and b/],
    ['a version that is spelled differently', [target('1.5'), target('1.5.0')], /version 1\.5\.0/],
    [
      'a common namespace',
      [target('1.0', 'ns'), new Target({ namespace: 'new', acceptedNamespaces: ['ns'] })],
      /namespace ns/,
    ],
  ])('refuses a second handler of %s', (_name, targets, reason) => {
    expect(() => add(...targets)).toThrow(ConfigurationError);
    expect(() => add(...targets)).toThrow(reason);
  });

  it('accepts other versions, namespaces and methods', () => {
    const table = add(target('1.0'), target('1.5'), target('1.0', 'ns'));
    table.add(target('1.0'), 'walk', entry('d'));
    expect(table.lookup({ namespace: undefined, version: '1.0', method: 'walk' })?.handler).toBe('d');
  });
});

it('lists the handlers that never run', () => {
  expect(tableOf(target('1.5'), target('1.2'), target('1.5')).hidden()).toEqual([
    { method: 'run', hidden: 'b (version 1.2)', by: 'a (version 1.5)', sameVersion: false },
    { method: 'run', hidden: 'c (version 1.5)', by: 'a (version 1.5)', sameVersion: true },
  ]);
  expect(tableOf(target('1.2'), target('1.5'), target('1.0', 'ns')).hidden()).toEqual([]);
});

describe('the delivery mode', () => {
  const table = new MethodTable();
  table.append(target('1.0'), 'run', entry('a', 'at-least-once'));
  table.append(target('2.0'), 'run', entry('b'));
  table.append(target('1.0'), 'walk', entry('c'));
  const modeOf = (method: string, version: string) =>
    table.deliveryOf(readRequest({ method, version, args: {} }), 'at-most-once');

  it.each([
    ['a method with one', 'run', '1.0', 'at-least-once'],
    ['another version of the method', 'run', '2.0', 'at-most-once'],
    ['an unsupported version of the method', 'run', '3.0', 'at-most-once'],
    ['a method without one', 'walk', '1.0', 'at-most-once'],
    ['an unknown method', 'fly', '1.0', 'at-most-once'],
  ])('is that of %s', (_name, method, version, mode) => {
    expect(modeOf(method, version)).toBe(mode);
  });

  it('is used by a table if it is usual, or that of a method', () => {
    expect(table.delivers('at-least-once', 'at-most-once')).toBe(true);
    expect(table.delivers('at-most-once', 'at-least-once')).toBe(false);
    expect(table.delivers('at-least-once', 'at-least-once')).toBe(true);
    expect(new MethodTable().delivers('at-least-once', 'at-most-once')).toBe(false);
  });
});

it('is empty with a ping only', async () => {
  const table = new MethodTable();
  expect(table.isEmpty).toBe(true);
  table.append(target(), PING_METHOD, PING);
  expect(table.isEmpty).toBe(true);
  expect(table.has('run')).toBe(false);
  table.append(target('7.0', 'ns'), 'run', entry('a'));
  expect(table.isEmpty).toBe(false);
  expect(table.has('run')).toBe(true);
  const ping = table.lookup({ namespace: undefined, version: undefined, method: 'oslo_rpc_server_ping' });
  expect(await ping?.handle({} as IncomingRequest, target())).toBe('pong');
});
