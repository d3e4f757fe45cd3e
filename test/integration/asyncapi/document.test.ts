import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { toJsonSchema as valibotToJsonSchema } from '@valibot/to-json-schema';
import { call, defineRpcApi, OsloServer } from 'nestjs-oslo-messaging';
import {
  type AsyncApiDocument,
  type AsyncApiMessage,
  createAsyncApiDocument,
  type JsonSchema,
} from 'nestjs-oslo-messaging/asyncapi';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conductorApi, describedModule } from './described-app.js';
import { problemsOf } from './problems-of.js';

const INFO = { title: 'VNF manager', version: '1.4.0' };
const URL = 'rabbit://oslo:s3cret@mq1:5671,oslo:s3cret@mq2/nfv?ssl=true&rabbit_quorum_queue=true';

type Schema = Exclude<JsonSchema, boolean>;

describe('the document of an application', () => {
  let app: INestApplication;
  let document: AsyncApiDocument;

  beforeAll(async () => {
    app = await NestFactory.create(describedModule({ transportUrl: URL }), { logger: false });
    app.connectMicroservice({ strategy: app.get(OsloServer) });
    document = createAsyncApiDocument(app, INFO);
  });
  afterAll(() => app.close());

  it('is valid AsyncAPI 3.1', async () => {
    expect(document.asyncapi).toBe('3.1.0');
    expect(await problemsOf(document)).toEqual([]);
    const { info: _, ...broken } = document;
    expect(await problemsOf(broken)).not.toEqual([]);
  });

  it('has one operation for each method and handler, on the channel that it is sent to', () => {
    const rows = Object.entries(document.operations).map(([name, { summary, channel, reply }]) => {
      const { address, bindings } = document.channels[nameIn(channel.$ref)] ?? {};
      const binding = bindings?.amqp;
      return [name, summary, address, binding?.is === 'routingKey' ? binding.exchange.name : '', reply !== undefined];
    });
    const all = 'audit, debug, info, warn, error, critical, sample';
    expect(rows).toEqual([
      ['conductor.get', 'get: call, version 1.0', 'conductor', 'tacker', true],
      ['conductor.instantiate', 'instantiate: cast, version 1.1', 'conductor', 'tacker', false],
      ['conductor.reboot', 'reboot: call to one server, version 1.0', 'conductor.{server}', 'tacker', true],
      ['conductor.refresh', 'refresh: cast to all servers, version 1.0', 'conductor', 'conductor_fanout', false],
      ['conductor.show_tree', 'show_tree: call, version 1.2', 'conductor', 'tacker', true],
      ['scaler.status', 'status: call or cast, version 1.0', 'scaler', 'tacker', true],
      ['scaler.stopped', 'stopped: cast, version 1.0', 'scaler', 'tacker', false],
      ['scaler.scaling.add', 'scaling.add: call or cast, version 2.3', 'scaler', 'tacker', true],
      ['scaler.scaling.scale.v1.4', 'scaling.scale: call or cast, version 1.4', 'scaler', 'tacker', true],
      ['scaler.scaling.scale.v2.3', 'scaling.scale: call or cast, version 2.3', 'scaler', 'tacker', true],
      ['scaler.scaling.store', 'scaling.store: call or cast, version 2.3', 'scaler', 'tacker', true],
      [
        'Auditor.changed',
        'Auditor.changed: notifications of the priorities info, error',
        'vnf_events.{priority}',
        'tacker',
        false,
      ],
      [
        'Auditor.deleted',
        `Auditor.deleted: notifications of the priorities ${all}`,
        'vnf_events.{priority}',
        'tacker',
        false,
      ],
    ]);
  });

  it('names the broker without credentials', () => {
    expect(Object.values(document.servers).map(({ protocol, host, pathname }) => protocol + host + pathname)).toEqual([
      'amqpsmq1:5671/nfv',
      'amqpsmq2:5672/nfv',
    ]);
    expect(document.components.securitySchemes).toMatchObject({ login: { type: 'userPassword' } });
    expect(JSON.stringify(document)).not.toMatch(/s3cret|oslo:/);
  });

  it('shows queues and exchanges as the options have them declared', () => {
    expect(document.channels['conductor']).toMatchObject({
      bindings: { amqp: { exchange: { type: 'topic', durable: true, autoDelete: false, vhost: 'nfv' } } },
      'x-oslo-queues': [{ name: 'conductor', durable: true, arguments: { 'x-queue-type': 'quorum' } }],
    });
    expect(document.channels['conductor_fanout']).toMatchObject({
      bindings: { amqp: { exchange: { type: 'fanout', durable: false, autoDelete: true } } },
      'x-oslo-queues': [{ name: 'conductor_fanout_{id}', durable: false, arguments: { 'x-expires': 1_800_000 } }],
    });
    expect(document.channels['replies']).toMatchObject({
      address: null,
      bindings: { amqp: { is: 'queue', queue: { durable: false, exclusive: false, autoDelete: false } } },
    });
  });

  it('says where the request names the reply queue, and which replies come', () => {
    const { reply } = document.operations['conductor.get'] ?? {};
    expect(reply?.address.location).toBe('$message.payload#/oslo.message/_reply_q');
    expect(reply?.channel).toEqual({ $ref: '#/channels/replies' });
    expect(reply?.messages.map(({ $ref }) => nameIn($ref))).toEqual([
      'conductor.get.result',
      'oslo.failure',
      'oslo.heartbeat',
    ]);
    const failure = schemaOf(document, 'oslo.failure');
    expect(failure['required']).toEqual(['class', 'module', 'message', 'args', 'kwargs', 'tb']);
  });

  it('names the envelope, with the message as JSON text inside', () => {
    const [envelope, message] = alternatives(document.components.messages['conductor.get.request']);
    expect(envelope).toMatchObject({
      required: ['oslo.version', 'oslo.message'],
      properties: { 'oslo.message': { contentMediaType: 'application/json', contentSchema: message } },
    });
    const request = schemaOf(document, 'conductor.get.request.message');
    expect(request['required']).toEqual(['method', 'args', '_msg_id', '_reply_q']);
    expect(schemaOf(document, 'scaler.scaling.add.request.message')['required']).toEqual([
      'method',
      'args',
      'namespace',
      'version',
    ]);
  });

  it('has the arguments of contracts, parameters and DTO classes', () => {
    expect(argumentsOf(document, 'conductor.get')).toMatchObject({
      required: ['vnf_id'],
      properties: { vnf_id: { type: 'string', format: 'uuid' } },
    });
    expect(argumentsOf(document, 'scaler.scaling.add')).toEqual({
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'number' }, b: { type: 'number' } },
      additionalProperties: false,
    });
    expect(argumentsOf(document, 'scaler.scaling.scale.v2.3')).toEqual({
      type: 'object',
      required: ['vnf', 'steps'],
      properties: {
        vnf: { type: 'string' },
        steps: { type: 'integer', minimum: 1, maximum: 10 },
        reason: { type: 'string' },
      },
    });
    expect(argumentsOf(document, 'conductor.reboot')).toMatchObject({ required: ['host'] });
  });

  it('keeps a recursive schema within the document', () => {
    const tree = schemaOf(document, 'conductor.show_tree.result');
    expect(tree).toMatchObject({
      properties: { children: { items: { $ref: '#/components/schemas/conductor.show_tree.result' } } },
    });
  });

  it('describes versioned objects by their fields', () => {
    const { properties } = schemaOf(document, 'Vnf') as { properties: Record<string, Schema> };
    expect(properties['tacker_object.name']).toEqual({ const: 'Vnf' });
    expect(properties['tacker_object.data']).toMatchObject({
      properties: {
        id: { type: 'string' },
        ports: { type: 'array', items: { $ref: '#/components/schemas/Port' } },
        state: { type: ['string', 'null'], enum: ['UP', 'DOWN', null] },
      },
    });
    const { properties: args } = argumentsOf(document, 'scaler.scaling.store') as { properties: object };
    expect(args).toEqual({ vnf: { $ref: '#/components/schemas/Vnf' } });
  });

  it('describes notifications by priorities, event types, publishers and payloads', () => {
    expect(document.operations['Auditor.changed']?.['x-oslo-notifications']).toMatchObject({
      topic: 'vnf_events',
      pool: 'audit',
      eventTypes: ['vnf.create.*', '/vnf\\.(start|stop)$/'],
      filter: { publisherId: '/nfv\\.\\w+/' },
    });
    const { properties } = schemaOf(document, 'Auditor.changed.notification.message') as {
      properties: Record<string, { pattern?: string; anyOf?: { pattern: string }[] }>;
    };
    expect(properties['priority']).toMatchObject({ enum: ['INFO', 'ERROR'] });
    expect(properties['payload']).toEqual({ $ref: '#/components/schemas/Vnf' });
    const types = (properties['event_type']?.anyOf ?? []).map(({ pattern }) => new RegExp(pattern));
    const accepts = (type: string) => types.some((pattern) => pattern.test(type));
    expect(['vnf.create.end', 'vnf.stop', 'vnf.stopped', 'my.vnf.stop'].map(accepts)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(new RegExp(properties['publisher_id']?.pattern ?? '').test('nfv.host1')).toBe(true);
  });

  it('is the same each time, and for an application in preview mode', async () => {
    expect(JSON.stringify(createAsyncApiDocument(app, INFO))).toBe(JSON.stringify(document));
    const preview = await NestFactory.create(describedModule({}), { logger: false, preview: true });
    const { operations } = createAsyncApiDocument(preview, INFO, { messaging: { transportUrl: URL, topic: 'scaler' } });
    expect(operations).toEqual(document.operations);
    expect(() => createAsyncApiDocument(preview, INFO)).toThrow(/"scale" has no topic.*messaging/s);
  });
});

describe('the document of contracts', () => {
  it('needs no application', async () => {
    const document = createAsyncApiDocument(conductorApi, INFO);
    expect(Object.keys(document.operations)).toHaveLength(5);
    expect(document.servers).toEqual({});
    expect(await problemsOf(document)).toEqual([]);
  });

  it('has the schemas of a library without JSON Schema where a converter is given', () => {
    const api = defineRpcApi({
      topic: 'calc',
      version: '1.0',
      methods: { add: call({ args: v.object({ a: v.number() }), result: v.number() }) },
    });
    const unconverted = createAsyncApiDocument([api], INFO);
    expect(argumentsOf(unconverted, 'calc.add')).toEqual({ type: 'object', description: expect.any(String) });
    const document = createAsyncApiDocument([api], INFO, {
      toJsonSchema: (schema, { vendor }) =>
        vendor === 'valibot' ? valibotToJsonSchema(schema as v.GenericSchema) : undefined,
    });
    expect(argumentsOf(document, 'calc.add')).toEqual({
      type: 'object',
      properties: { a: { type: 'number' } },
      required: ['a'],
    });
    expect(schemaOf(document, 'calc.add.result')).toEqual({ type: 'number' });
  });

  it('names the wrong part of its input', () => {
    const create = createAsyncApiDocument as (...args: unknown[]) => unknown;
    expect(() => create(conductorApi, { title: 'x' })).toThrow(/"version" is missing/);
    expect(() => create(conductorApi, { title: '', version: '1' })).toThrow(
      /"title": expected a non-empty string; got ""/,
    );
    expect(() => create(conductorApi, { ...INFO, licence: {} })).toThrow(
      /Unknown info "licence"; did you mean "license"/,
    );
    expect(() => create(conductorApi, { ...INFO, license: { url: 'https://example.com' } })).toThrow(/"name"/);
    expect(() => create(conductorApi, { ...INFO, termsOfService: 'here' })).toThrow(/a URL/);
    expect(() => create(conductorApi, INFO, { messages: {} })).toThrow(
      /Unknown option of createAsyncApiDocument "messages"/,
    );
    expect(() => create(conductorApi, INFO, { toJsonSchema: true })).toThrow(/toJsonSchema: expected a function/);
    expect(() => create(conductorApi)).toThrow(/expected an object; got undefined/);
    expect(() => create({}, INFO)).toThrow(/expected a Nest application, the result of defineRpcApi/);
  });
});

function nameIn(reference: string): string {
  return reference.split('/').at(-1) ?? '';
}

function schemaOf({ components }: AsyncApiDocument, name: string): Schema {
  return components.schemas[name] as Schema;
}

function argumentsOf(document: AsyncApiDocument, operation: string): Schema {
  const { args } = schemaOf(document, `${operation}.request.message`)['properties'] as { args: Schema };
  return typeof args['$ref'] === 'string' ? schemaOf(document, nameIn(args['$ref'])) : args;
}

function alternatives(message: AsyncApiMessage | undefined): Schema[] {
  return ((message ?? fail('no such message')).payload as { oneOf: Schema[] }).oneOf;
}

function fail(why: string): never {
  throw new Error(why);
}
