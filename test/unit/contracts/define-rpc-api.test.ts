import { ConfigurationError, call, cast, defineRpcApi, isRpcApi } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

const define = (changes: object) => () =>
  defineRpcApi({ topic: 't', version: '1.2', methods: { get: call<{ id: string }, string>() }, ...changes } as never);
const method = (made: () => object) => () => define({ methods: { heal: made() } })();

describe('defineRpcApi', () => {
  const api = defineRpcApi({
    topic: 'conductor',
    exchange: 'tacker',
    namespace: 'ns',
    version: '1.2',
    versionAliases: { bobcat: '1.1' },
    methods: {
      get: call<{ id: string }, string>({ timeout: 5, callMonitorTimeout: '2s', idempotent: true, server: 'one' }),
      heal: cast<{ id: string }, '1.1' | '1.0'>({ since: '1.1', fallback: { version: '1.0' }, name: 'heal_vnf' }),
      stop: cast({ fanout: true }),
      scale: call({ args: z.object({ id: z.string() }), result: z.string() }),
    },
  });

  it('describes target and methods at run time', () => {
    expect(api.target).toMatchObject({ topic: 'conductor', exchange: 'tacker', namespace: 'ns', version: '1.2' });
    expect(api.version).toBe('1.2');
    expect(api.versionAliases).toEqual({ bobcat: '1.1' });
    const { get, heal, stop, scale } = api.methods;
    expect(get).toMatchObject({
      kind: 'call',
      key: 'get',
      name: 'get',
      version: '1.0',
      since: undefined,
      timeout: 5,
      callMonitorTimeout: '2s',
      idempotent: true,
      fanout: false,
      server: 'one',
      fallback: [],
    });
    expect(heal).toMatchObject({ kind: 'cast', key: 'heal', name: 'heal_vnf', version: '1.1', since: '1.1' });
    expect(heal.fallback).toEqual([{ version: '1.0' }]);
    expect(stop.fanout).toBe(true);
    expect(scale.args).toBeDefined();
    expect(scale.result).toBeDefined();
  });

  it('is immutable', () => {
    expect(Object.isFrozen(api)).toBe(true);
    expect(Object.isFrozen(api.methods)).toBe(true);
    expect(Object.isFrozen(api.methods.get)).toBe(true);
    expect(Object.isFrozen(api.methods.heal.fallback)).toBe(true);
  });

  it('is told from other values', () => {
    expect(isRpcApi(api)).toBe(true);
    expect(isRpcApi({ ...api })).toBe(false);
    expect(isRpcApi(undefined)).toBe(false);
  });

  it.each([
    ['an unknown option', define({ verson: '1.0' }), /Unknown defineRpcApi option "verson"; did you mean "version"/],
    ['no topic', define({ topic: undefined }), /"topic" is required/],
    ['an empty topic', define({ topic: '' }), /"topic": expected a non-empty string/],
    ['no version', define({ version: undefined }), /"version" is required/],
    ['no methods', define({ methods: undefined }), /"methods" is required/],
    ['a malformed version', define({ version: '1' }), /version: expected major.minor, such as '1.2'; got "1"/],
    ['a version with a revision', define({ version: '1.2.3' }), /expected major.minor/],
    ['an alias of a malformed version', define({ versionAliases: { a: 'x' } }), /versionAliases.a: expected/],
    ['an alias above the version', define({ versionAliases: { a: '1.3' } }), /from 1.0 to 1.2; got 1.3/],
    ['an alias that looks like a version', define({ versionAliases: { '1.1': '1.1' } }), /the name of an alias/],
    ['an alias "auto"', define({ versionAliases: { auto: '1.1' } }), /the name of an alias/],
    ['a method that is none', define({ methods: { get: {} } }), /method "get": expected the result of call/],
    ['a reserved name', define({ methods: { $get: call() } }), /method "\$get": names with \$ are reserved/],
    [
      'a name of promises',
      define({ methods: JSON.parse('{"then":{}}') as object }),
      /method "then": the name is reserved/,
    ],
    ...['hasOwnProperty', 'isPrototypeOf', 'toLocaleString', '__defineGetter__', 'toString', 'constructor'].map(
      (key): [string, () => unknown, RegExp] => [
        `the name ${key}, which every object has`,
        define({ methods: { [key]: call() } }),
        /every object has a member of that name\. Choose another key, and give the name on the wire by \{ name \}/,
      ],
    ),
    ...['toJSON', 'inspect', 'asymmetricMatch', 'nodeType'].map((key): [string, () => unknown, RegExp] => [
      `the name ${key}, which tools look for`,
      define({ methods: { [key]: call() } }),
      /Node.js or test libraries look for a member of that name\. Choose another key/,
    ]),
    ['a hook of Nest', define({ methods: { onModuleInit: call() } }), /Nest calls a method of that name/],
    ['two of one name', define({ methods: { a: call(), b: cast({ name: 'a' }) } }), /"a" and "b" have the same name/],
    ['a malformed since', method(() => cast({ since: '1' })), /method "heal": since: expected major.minor/],
    ['a since above the version', method(() => cast({ since: '1.10' })), /1.10 is above the version of the API, 1.2/],
    ['a since of another major', method(() => cast({ since: '2.0' })), /same major version as the API's 1.2; got 2.0/],
    ['a fallback without since', method(() => cast({ fallback: { version: '1.0' } })), /a fallback needs "since"/],
    [
      'a fallback that is not older',
      method(() => cast({ since: '1.1', fallback: { version: '1.1' } })),
      /expected a version below 1.1/,
    ],
    [
      'fallbacks in the wrong order',
      method(() => cast({ since: '1.2', fallback: [{ version: '1.0' }, { version: '1.1' }] })),
      /expected a version below 1.0, newest first; got 1.1/,
    ],
    ['fanout and a server', method(() => cast({ fanout: true, server: 's' })), /fanout goes to all servers/],
    ['fanout of a call', () => call({ fanout: true } as never), /a call cannot be used with fanout/],
    ['an unknown option of a method', () => call({ timout: 5 } as never), /Unknown call option "timout"; did you mean/],
    ['a monitor of a cast', () => cast({ callMonitorTimeout: 5 } as never), /Unknown cast option/],
    ['an ill-typed timeout', () => call({ timeout: 'soon' }), /timeout: expected a number of seconds/],
    ['an ill-typed server', () => call({ server: 5 as never }), /"server": expected a non-empty string, or a function/],
    ['args that are no schema', () => call({ args: {} as never }), /"args": expected a Standard Schema/],
    ['a schema instead of options', () => call(z.object({}) as never), /Write call\(\{ args: schema \}\)/],
    ['an ill-typed fallback', () => cast({ since: '1.1', fallback: {} as never }), /an object such as/],
    ['no object of options', () => call('get' as never), /expected an object of options; got a string/],
  ])('refuses %s', (_what, wrong, message) => {
    expect(wrong).toThrow(ConfigurationError);
    expect(wrong).toThrow(message);
  });
});
