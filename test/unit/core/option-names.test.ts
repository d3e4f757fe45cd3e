import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BackingOffClient,
  ConfigurationError,
  Connection,
  cleanup,
  expectedExceptions,
  fields,
  getClient,
  getNotificationListener,
  getNotifier,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  getServer,
  InjectRpcClient,
  init,
  NotificationEndpoint,
  NotificationLogger,
  NotificationPayload,
  Notifier,
  OnNotification,
  OsloClientProxy,
  OsloMessagingModule,
  OsloRecord,
  OsloServer,
  RemoteException,
  RequestContext,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
  Service,
  Target,
  type Transport,
  VersionedField,
  VersionedObject,
  VersionedObjectSerializer,
} from '../../../lib/index.js';
import { openTelemetry } from '../../../lib/observability/opentelemetry.js';
import { collectMetrics, prometheus } from '../../../lib/observability/prometheus.js';

const untyped = (value: unknown) => value as never;
const target = new Target({ topic: 't', server: 'h1' });
const endpoint = { info: () => undefined };

describe('decorators and factories', () => {
  let transport: Transport;
  let notifier: Notifier;

  beforeAll(() => {
    transport = getRpcTransport({ transportUrl: 'memory://option-names' });
    notifier = new Notifier(transport);
    init({ transportUrl: 'memory://option-names', notificationTransportUrl: 'memory://option-names' });
  });

  afterAll(async () => {
    await cleanup();
    await transport.cleanup();
  });

  /** Each with a misspelt name, and what it should have been. */
  const misspelt: [what: string, make: (options: never) => unknown, given: string, meant: string][] = [
    ['@RpcEndpoint', RpcEndpoint, 'topci', 'topic'],
    ['@RpcMethod', RpcMethod, 'delvery', 'delivery'],
    ['@NotificationEndpoint', NotificationEndpoint, 'topic', 'topics'],
    ['@OnNotification', OnNotification, 'eventTyp', 'eventType'],
    ['@OnNotification', (batch) => OnNotification({ batch }), 'siz', 'batch.size'],
    ['@RemoteException', (options) => RemoteException(options)(untyped(class extends Error {})), 'modul', 'module'],
    ['@VersionedObject', VersionedObject, 'verson', 'version'],
    ['@VersionedField', (options) => VersionedField(fields.string(), options), 'nam', 'name'],
    ['fields.integer', fields.integer, 'mim', 'min'],
    ['fields.float', fields.float, 'mim', 'min'],
    ['fields.object', (options) => fields.object(Object, options), 'subclass', 'subclasses'],
    ['VersionedObjectSerializer', (options) => new VersionedObjectSerializer(options), 'prefx', 'prefix'],
    ['Target', (options) => new Target(options), 'topci', 'topic'],
    ['Target.with', (options) => target.with(options), 'serer', 'server'],
    ['OsloRecord', (options) => new OsloRecord({}, options), 'timout', 'timeout'],
    ['OsloServer', (options) => new OsloServer(options), 'concurency', 'concurrency'],
    ['OsloClientProxy', (options) => new OsloClientProxy(options), 'transportUr', 'transportUrl'],
    ['forRootAsync', (options) => OsloMessagingModule.forRootAsync(options), 'usefactory', 'useFactory'],
    ['forFeature', (options) => OsloMessagingModule.forFeature([options]), 'tokn', 'token'],
    ['getRpcServer', (options) => getRpcServer(transport, target, [], options), 'serialiser', 'serializer'],
    ['getServer', (options) => getServer(target, [], options), 'serialiser', 'serializer'],
    ['getClient', (options) => getClient(target, options), 'versionCp', 'versionCap'],
    ['getNotifier', getNotifier, 'publisherID', 'publisherId'],
    ['createConsumer', (options) => new Connection().createConsumer('t', [], options), 'fanot', 'fanout'],
    ['Service', (options) => new Service('h', 't', options), 'manger', 'manager'],
    ['Notifier', (options) => new Notifier(transport, options), 'publisherID', 'publisherId'],
    ['listener', (options) => getNotificationListener(transport, [target], [endpoint], options), 'pol', 'pool'],
    ['NotificationLogger', (options) => new NotificationLogger(notifier, options), 'level', 'levels'],
    ['collectMetrics', (options) => collectMetrics({}, options), 'prefx', 'prefix'],
    ['prometheus', (options) => prometheus(options), 'backlg', 'backlog'],
    ['openTelemetry', (options) => openTelemetry(options), 'amqpHeader', 'amqpHeaders'],
  ];

  it.each(misspelt)('%s: refuse an unknown name and suggest the nearest', (_what, make, given, meant) => {
    expect(() => make(untyped({ [given]: 1 }))).toThrow(ConfigurationError);
    expect(() => make(untyped({ [given]: 1 }))).toThrow(
      new RegExp(`^Unknown .*"([\\w.]+)?${given}"; did you mean "${meant}"\\?( Known: |$)`),
    );
  });

  it.each<[string, object, string]>([
    ['an option of the driver by a short name', { prefetch: 10 }, 'rabbit.rabbitQosPrefetchCount'],
    ['the plural of a part', { quorumQueues: true }, 'rabbit.rabbitQuorumQueue'],
    ['its whole name at the top', { rabbitQuorumQueue: true }, 'rabbit.rabbitQuorumQueue'],
    ['the spelling of oslo.config', { amqp_durable_queues: true }, 'rabbit.amqpDurableQueues'],
    ['a misspelt option of the driver', { sslCaFil: 'ca.pem' }, 'rabbit.sslCaFile'],
    ['an option of the limits', { bodyBytes: 1 }, 'limits.bodyBytes'],
    ['a short name in its place', { rabbit: { prefetch: 10 } }, 'rabbit.rabbitQosPrefetchCount'],
    ['one of its own before those of others', { concurency: 1 }, 'concurrency'],
  ])('%s: suggest the place where it belongs', (_what, options, meant) => {
    expect(() => getRpcTransport(untyped({ transportUrl: 'rabbit://localhost', ...options }))).toThrow(
      new RegExp(`^Unknown option "[\\w.]+"; did you mean "${meant}"\\?$`),
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'options that are no object',
      () => RpcEndpoint(untyped('t')),
      /^@RpcEndpoint options: expected an object; got a string$/,
    ],
    ['an ill-typed topic', () => RpcEndpoint(untyped({ topic: 5 })), /topic: expected a non-empty string; got 5$/],
    ['a number as a version', () => RpcEndpoint(untyped({ version: 1.1 })), /version: expected a non-empty string/],
    [
      'a delivery mode',
      () => RpcMethod(untyped({ delivery: 'once' })),
      /"delivery": expected one of at-most-once, .*"once"$/,
    ],
    ['a class that is no error', () => RpcMethod(untyped({ expectedExceptions: [Date] })), /classes that extend Error/],
    ['the same in a decorator', () => expectedExceptions(untyped(Date)), /classes that extend Error/],
    ['text for fanout', () => new Target(untyped({ fanout: 'yes' })), /fanout: expected true or false; got "yes"$/],
    ['a field that is no type', () => VersionedField(untyped(String)), /such as fields\.string\(\)$/],
    ['an element that is no type', () => fields.listOf(untyped(String)), /^fields\.listOf: expected the type/],
    ['no values', () => fields.enum([]), /^fields\.enum: expected an array of one or more strings$/],
    ['an object for a class', () => fields.object(untyped({})), /^fields\.object: expected a class/],
    ['a smallest number', () => fields.integer(untyped({ min: '0' })), /"min": expected a number; got "0"$/],
    ['no publisher', () => getNotifier(untyped({})), /^getNotifier: expected a publisherId or a service$/],
    ['both features in one', () => OsloMessagingModule.forFeature([untyped({ publisherId: 'x', target })]), /"target"/],
    ['no serializer', () => getRpcTransport(untyped({ serializer: {} })), /a Serializer: an object with the methods/],
    ['the same of a server', () => getServer(target, [], untyped({ serializer: {} })), /a Serializer: an object with/],
    [
      'the same of a listener',
      () => getNotificationListener(transport, [target], [endpoint], untyped({ serializer: {} })),
      /a Serializer/,
    ],
    [
      'the same of a notifier',
      () => new Notifier(transport, untyped({ serializer: {} })),
      /a Serializer: an object with/,
    ],
    ['null for options of forRoot', () => OsloMessagingModule.forRoot(untyped(null)), /^forRoot: .*; got null$/],
    ['an array for them', () => OsloMessagingModule.forRoot(untyped([])), /^forRoot: .*; got an array$/],
    ['text for them', () => OsloMessagingModule.forRoot(untyped('rabbit://')), /^forRoot: .*; got a string$/],
    [
      'an array for options',
      () => RpcEndpoint(untyped([])),
      /^@RpcEndpoint options: expected an object; got an array$/,
    ],
    [
      'an unknown name without a near one',
      () => RpcEndpoint(untyped({ colour: 1 })),
      /^Unknown @RpcEndpoint option "colour"\. Known: topic, /,
    ],
    [
      '@RpcArg without a name',
      () => RpcArg(untyped(undefined)),
      /^@RpcArg: .*; got undefined\. @RpcArgs\(\) injects all/,
    ],
    ['@RpcArg with a pipe first', () => RpcArg(untyped(class Pipe {})), /^@RpcArg: .*; got a function/],
    ['an empty key of a payload', () => NotificationPayload(''), /^@NotificationPayload: .*; got ""/],
    [
      'a context with a key of the wire',
      () => new RequestContext(untyped({ user_id: 'u' })),
      /^Unknown RequestContext field "user_id"; did you mean "userId"\?$/,
    ],
    [
      'a parameter of memory://',
      () => getRpcTransport({ transportUrl: 'memory://?x=1' }),
      /^Unknown transport URL parameter "x"\. memory:\/\/ takes no parameters/,
    ],
    ['forRootAsync without options', () => OsloMessagingModule.forRootAsync(untyped({})), /expected one of useFactory/],
    ['one feature outside of an array', () => OsloMessagingModule.forFeature(untyped({ target })), /expected an array/],
    ['null for a feature', () => OsloMessagingModule.forFeature(untyped([null])), /^forFeature: .*; got null$/],
    [
      'an empty URL',
      () => getRpcTransport({ transportUrl: '' }),
      /"transportUrl": expected a non-empty string; got ""$/,
    ],
    ['no topic for a client token', () => InjectRpcClient(untyped(undefined)), /^Client token: .*; got undefined$/],
    ['no logger', () => getRpcTransport(untyped({ logger: {} })), /a logger: an object with the methods debug, log/],
    [
      'no policy',
      () => getRpcTransport(untyped({ accessPolicy: {} })),
      /an RPCAccessPolicyBase, or its class; got \{\}$/,
    ],
  ])('refuse %s', (_what, make, message) => {
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });

  it('are all documented', async () => {
    const page = await readFile(new URL('../../../docs/reference/options.md', import.meta.url), 'utf8');
    let message = '';
    try {
      getRpcTransport(untyped({ noSuchOption: 1 }));
    } catch (error) {
      message = String(error);
    }
    const known = message.split('Known: ')[1]?.split(', ') ?? [];
    expect(known.length).toBeGreaterThan(25);
    expect(known.filter((name) => !page.includes(`| \`${name}\` `))).toEqual([]);
  });

  it('treat undefined options as absent', () => {
    const all = (...names: string[]) => untyped(Object.fromEntries(names.map((name) => [name, undefined])));
    expect(new Target(all('exchange', 'topic', 'version', 'fanout', 'acceptedNamespaces'))).toEqual(new Target());
    const options = all('transportUrl', 'host', 'logger', 'serializer', 'limits', 'rabbit', 'notificationDriver');
    expect(getRpcTransport(options).settings).toMatchObject({ host: getRpcTransport().settings.host, concurrency: 64 });
    for (const make of [RpcEndpoint, RpcMethod, NotificationEndpoint, OnNotification, fields.integer, fields.float])
      expect(() => make(all())).not.toThrow();
    expect(() => RpcMethod(all('name', 'expectedExceptions', 'delivery'))).not.toThrow();
    expect(() => OnNotification(all('priority', 'eventType', 'batch'))).not.toThrow();
    expect(() => new NotificationLogger(notifier, all('levels', 'format', 'limit', 'logger'))).not.toThrow();
    const timed = getRpcClient(transport, target, all('timeout', 'versionCap', 'serializer', 'retry', 'clientCls'));
    expect(timed.timeout).toBeUndefined();
    expect(new BackingOffClient(transport, target, all('timeout')).prepare(all('timeout')).timeout).toBeUndefined();
    expect(new RequestContext(all('userId', 'requestId')).requestId).toMatch(/^req-/);
  });
});
