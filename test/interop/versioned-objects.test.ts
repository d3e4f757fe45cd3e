import 'reflect-metadata';
import type { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  BackingOffClient,
  cleanup,
  createConnection,
  getRpcTransport,
  IncompatibleObjectVersion,
  InvalidFieldValue,
  init,
  OsloMessagingModule,
  OsloServer,
  objVersion,
  objWhatChanged,
  RemoteError,
  RequestContext,
  Target,
  type Transport,
  UnsupportedObjectError,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { PythonError, PythonPeer, type PythonSerializer } from '../support/python-peer.js';
import {
  Ahead,
  Behind,
  complete,
  completeSpec,
  Flavor,
  made,
  Network,
  namespaces,
  Objects,
  OnlyHere,
  Owned,
  Part,
  serializerOf,
  sorted,
  spelt,
  UUID,
  Vnf,
  VnfList,
} from './versioned-classes.js';

describeWithPython('versioned objects', () => {
  const closing: (() => Promise<unknown>)[] = [];
  const topics = { ours: uniqueTopic('ours'), theirs: uniqueTopic('theirs') };
  const exmods = ['oslo_versionedobjects.exception'];
  let peer: PythonPeer;
  let transport: Transport;

  beforeAll(async () => {
    peer = await PythonPeer.start(rabbitUrl, { allowedExmods: exmods, defaults: { rpc_response_timeout: 20 } });
    closing.push(() => peer.stop());
    transport = getRpcTransport({ transportUrl: rabbitUrl, allowedRemoteExmods: exmods, rpcResponseTimeout: 20 });
    closing.push(() => transport.cleanup());
    for (const [service, namespace] of Object.entries(namespaces)) {
      const serializer = service as PythonSerializer;
      await peer.startServer({ topic: topics.theirs + service, server: 'p', endpoints: ['objects'], serializer });
      const app = await serve(topics.ours + service, namespace);
      closing.push(() => app.close());
    }
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  async function serve(topic: string, namespace: string): Promise<INestMicroservice> {
    const options = { transportUrl: rabbitUrl, topic, host: 'n', serializer: serializerOf(namespace) };
    const module = await Test.createTestingModule({
      imports: [OsloMessagingModule.forRoot(options)],
      controllers: [Objects],
    }).compile();
    const app = module.createNestMicroservice({ strategy: module.get(OsloServer), logger: false });
    await app.listen();
    return app;
  }

  const client = (service: keyof typeof namespaces, versions?: Record<string, string>) =>
    new BackingOffClient(transport, new Target({ topic: topics.theirs + service, version: '1.0' }), {
      serializer: serializerOf(namespaces[service], versions),
      timeout: 20,
    });
  const call = <T = unknown>(method: string, args: object, service: keyof typeof namespaces = 'tacker') =>
    client(service).call<T>(new RequestContext(), method, args);
  const pythonCall = (method: string, args: Record<string, unknown> = {}, serializer: PythonSerializer = 'tacker') =>
    peer.call({ topic: topics.ours + serializer, method, args, serializer });
  const caught = (action: Promise<unknown>) =>
    action.then(
      (result) => expect.fail(`resolved with ${JSON.stringify(result)}`),
      (error: unknown) => error,
    );

  it('arrive in Python as they were sent', async () => {
    expect(await call('saw', { value: complete() })).toEqual(completeSpec());
    expect(await call('saw', { value: [{ deep: complete() }, 1] })).toEqual([{ deep: completeSpec() }, 1]);
  });

  it('return from Python as they were sent', async () => {
    const echoed = await call<Vnf>('echo', { value: complete() });
    expect(echoed).toBeInstanceOf(Vnf);
    expect(echoed).toEqual(complete());
    expect(echoed.parts?.[0]).toBeInstanceOf(Part);
    const list = made(VnfList, { objects: [made(Vnf, { id: UUID }), made(Vnf, { name: null })] });
    expect(await call('echo', { value: list })).toEqual(list);
  });

  it('carry their changed fields in both directions', async () => {
    const vnf = made(Vnf, { id: UUID, name: 'old' });
    const renamed = await call<Vnf>('rename', { vnf: await call('echo', { value: vnf }), name: 'new' });
    expect(objWhatChanged(renamed).sort()).toEqual(['id', 'name']);
    const kept = await pythonCall('rename', {
      vnf: { $object: { name: 'Vnf', fields: { id: UUID, name: 'a' }, changes: [] } },
      name: 'b',
    });
    expect(kept).toMatchObject({ $object: { changes: ['name'], fields: { id: UUID, name: 'b' } } });
  });

  it.each([
    ['nothing has changed', [], []],
    ['what they hold has', ['size'], []],
    ['they have', [], ['owner', 'nested']],
    ['all of it has', ['size'], ['id', 'owner', 'backup', 'items', 'by_name', 'several', 'nested', 'loose']],
  ])('that are unchanged are echoed like in Python, with read-only fields, if %s', async (_name, inner, outer) => {
    const part = (value: number) => spelt('Part', '1.1', { size: value }, inner);
    const owned = spelt(
      'Owned',
      '1.0',
      {
        id: UUID,
        owner: part(1),
        backup: null,
        items: [part(2), part(3)],
        by_name: { a: part(4) },
        several: [part(5)],
        nested: { a: [part(6)], b: [] },
        loose: [part(7)],
      },
      outer,
    );
    const list = spelt('VnfList', '1.0', { objects: [spelt('Vnf', '1.2', { id: UUID, main: part(8) }, [])] }, []);
    for (const value of [owned, list, { deep: [owned] }]) {
      const bySide = (['theirs', 'ours'] as const).map(async (side) => {
        const target = new Target({ topic: `${topics[side]}tacker`, version: '1.0' });
        return sorted(await new BackingOffClient(transport, target, { timeout: 20 }).call({}, 'echo', { value }));
      });
      const [theirs, ours] = await Promise.all(bySide);
      expect(ours).toEqual(theirs);
    }
    expect(await call('echo', { value: owned })).toBeInstanceOf(Owned);
  });

  it('carry the times of Python, without fractions', async () => {
    const [stamped] = await call<Vnf[]>('stamp', { vnf: new Vnf() });
    expect(stamped?.createdAt).toEqual(new Date('2026-11-23T21:34:12Z'));
    const zoned = { $object: { name: 'Vnf', fields: { created_at: { $datetime: '2026-11-23T21:34:12+05:30' } } } };
    // What Python itself cannot read again.
    expect(await caught(pythonCall('saw', { value: zoned }))).toMatchObject({ pythonClass: 'ValueError' });
  });

  it('arrive here as Python sent them', async () => {
    const spec = { $object: { name: 'Vnf', fields: { ...completeSpec().$object.fields, ports: undefined } } };
    const echoed = await pythonCall('echo', { value: spec });
    const { ports, ...expected } = completeSpec().$object.fields;
    expect(ports).toBeDefined();
    expect(echoed).toMatchObject({ $object: { name: 'Vnf', version: '1.2', fields: expected } });
    expect(await pythonCall('saw', { value: { $object: { name: 'Part', fields: { size: 7 } } } })).toEqual({
      type: 'Part',
      version: '1.1',
      changes: ['size'],
      fields: { size: 7 },
    });
    expect(await pythonCall('list')).toMatchObject({
      $object: {
        name: 'VnfList',
        fields: { objects: [{ $object: { name: 'Vnf', fields: { id: UUID, ports: [1] } } }] },
      },
    });
  });

  it('of an older minor version are accepted', async () => {
    // Ours is 1.2, theirs 1.5; the other way round it is refused.
    expect(await call('saw', { value: made(Ahead, { name: 'a' }) })).toMatchObject({ $object: { version: '1.2' } });
    const older = await call<Ahead>('make_ahead', { version: '1.1' });
    expect(older).toEqual(made(Ahead, { name: 'a' }));
    expect(objVersion(older)).toBe('1.1');
    expect(objVersion(await call<Ahead>('make_ahead', { version: '1.2.7' }))).toBe('1.2');
  });

  it('of a newer minor or another major version are refused', async () => {
    for (const version of ['1.3', '2.0']) {
      const error = await caught(call('make_ahead', { version }));
      expect(error).toBeInstanceOf(IncompatibleObjectVersion);
      expect(error).toMatchObject({ objname: 'Ahead', objver: version, supported: '1.2' });
    }
    const byPython = await caught(call('saw', { value: made(Behind, { name: 'b' }) }));
    expect(byPython).toBeInstanceOf(IncompatibleObjectVersion);
    expect(byPython).toMatchObject({ remote: true, objname: 'Behind', objver: '1.2', supported: '1.0' });
    const byUs = await caught(pythonCall('saw', { value: { $object: { name: 'Ahead', fields: { name: 'a' } } } }));
    expect(byUs).toBeInstanceOf(PythonError);
    expect(byUs).toMatchObject({
      pythonClass: 'IncompatibleObjectVersion_Remote',
      pythonModule: 'oslo_versionedobjects.exception_Remote',
      text: expect.stringMatching(/^Version 1\.5 of Ahead is not supported, supported version is 1\.2/),
    });
    // Python's own refusal of what we answer.
    const late = await caught(pythonCall('make', { name: 'Behind' }));
    expect(late).toMatchObject({ pythonClass: 'IncompatibleObjectVersion' });
  });

  it('are sent in the version that Python supports, if that is given', async () => {
    const pinned = client('tacker', { Behind: '1.0' });
    const seen = await pinned.call(new RequestContext(), 'saw', { value: made(Behind, { name: 'b' }) });
    expect(seen).toMatchObject({ $object: { version: '1.0', fields: { name: 'b' } } });
  });

  it('that are not registered are refused by name', async () => {
    const here = await caught(call('make', { name: 'OnlyInPython' }));
    expect(here).toBeInstanceOf(UnsupportedObjectError);
    expect(here).toMatchObject({ code: 'UNSUPPORTED_OBJECT', objtype: 'OnlyInPython' });
    const there = await caught(call('saw', { value: new OnlyHere() }));
    expect(there).toBeInstanceOf(UnsupportedObjectError);
    expect(there).toMatchObject({ remote: true, objtype: 'OnlyHere' });
    const byUs = await caught(pythonCall('echo', { value: { $object: { name: 'OnlyInPython', fields: {} } } }));
    expect(byUs).toMatchObject({
      pythonClass: 'UnsupportedObjectError_Remote',
      text: expect.stringMatching(/^Unsupported object type OnlyInPython/),
    });
    expect(await caught(pythonCall('make', { name: 'OnlyHere' }))).toMatchObject({
      pythonClass: 'UnsupportedObjectError',
    });
  });

  it('with a wrong value are refused like in Python', async () => {
    const wrong = await caught(call('saw', { value: made(Part, { size: -1 }) }));
    expect(wrong).toBeInstanceOf(InvalidFieldValue);
    const spelt = { 'tacker_object.name': 'Part', 'tacker_object.namespace': 'tacker', 'tacker_object.version': '1.1' };
    const value = { ...spelt, 'tacker_object.data': { size: 'big' } };
    const byPython = await caught(call('saw', { value }));
    expect(byPython).toBeInstanceOf(RemoteError);
    expect(byPython).toMatchObject({ excType: 'ValueError' });
    const byUs = await caught(peer.call({ topic: `${topics.ours}tacker`, method: 'saw', args: { value } }));
    expect(byUs).toMatchObject({
      pythonClass: 'ValueError',
      text: expect.stringMatching(/^Part\.size: expected an integer of at least 0; got "big"/),
    });
  });

  it('pass in the namespaces of Nova and Neutron', async () => {
    const flavor = made(Flavor, { name: 'm1', memoryMb: 2n ** 60n });
    expect(await call('echo', { value: flavor }, 'nova')).toEqual(flavor);
    const network = made(Network, { id: UUID, mtu: null });
    expect(await call('echo', { value: network }, 'neutron')).toEqual(network);
    for (const [serializer, name, values] of [
      ['nova', 'Flavor', { name: 'm1', memory_mb: 2n ** 60n }],
      ['neutron', 'Network', { id: UUID, mtu: 1500 }],
    ] as const) {
      const echoed = await pythonCall('echo', { value: { $object: { name, fields: values } } }, serializer);
      expect(echoed).toMatchObject({ $object: { name, fields: values } });
    }
  });

  it('of another namespace pass as plain objects with other keys, and are refused with the same keys', async () => {
    const value = { $object: { name: 'Flavor', fields: { name: 'm1' } } };
    const plain = { 'nova_object.name': 'Flavor', 'nova_object.data': { name: 'm1' } };
    expect(
      await peer.call({ topic: `${topics.ours}tacker`, method: 'echo', args: { value }, serializer: 'nova' }),
    ).toMatchObject({
      $object: { name: 'Flavor' },
    });
    expect(await call('echo', { value: plain })).toEqual(plain);
    const foreign = {
      'versioned_object.name': 'Volume',
      'versioned_object.namespace': 'cinder',
      'versioned_object.version': '1.0',
      'versioned_object.data': {},
    };
    const refused = await caught(
      peer.call({ topic: `${topics.ours}neutron`, method: 'echo', args: { value: foreign } }),
    );
    expect(refused).toMatchObject({
      pythonClass: 'UnsupportedObjectError_Remote',
      text: expect.stringMatching(/cinder\.Volume/),
    });
  });

  it('are supported by a consumer of the default runtime without configuration', async () => {
    const topic = uniqueTopic('consumer');
    init({ transportUrl: rabbitUrl, host: 'c' });
    const connection = createConnection();
    connection.createConsumer(topic, [
      {
        rename: (_ctxt: unknown, { vnf, name }: { vnf: Vnf; name: string }) => {
          vnf.name = name;
          return vnf;
        },
      },
    ]);
    await connection.consumeInThreads();
    const vnf = { $object: { name: 'Vnf', fields: { id: UUID } } };
    const renamed = await peer.call({ topic, method: 'rename', args: { vnf, name: 'n' }, serializer: 'tacker' });
    expect(renamed).toMatchObject({ $object: { name: 'Vnf', fields: { id: UUID, name: 'n' } } });
    await connection.close();
    await cleanup();
  });
});
