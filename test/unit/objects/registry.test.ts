import {
  ConfigurationError,
  fields,
  InvalidFieldValue,
  InvalidVersion,
  objWhatChanged,
  RequestContext,
  RequestContextSerializer,
  UnsupportedObjectError,
  VersionedField,
  VersionedObject,
  VersionedObjectSerializer,
} from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { made, Part, primitive, receive, refusal, send, Vnf } from './vnf.js';

describe('versions of one object', () => {
  @VersionedObject({ name: 'Flavor', version: '1.1' })
  class Flavor1 {
    @VersionedField(fields.string())
    name?: string;
  }
  @VersionedObject({ name: 'Flavor', version: '2.3' })
  class Flavor2 {}
  const flavor = (version: string) =>
    receive({ ...primitive({ name: 'm1' }), 'tacker_object.name': 'Flavor', 'tacker_object.version': version });

  it('are registered side by side', () => {
    expect(flavor('1.0')).toBeInstanceOf(Flavor1);
    expect(flavor('2.3')).toBeInstanceOf(Flavor2);
    expect(refusal(() => flavor('2.4'))).toMatchObject({ supported: '2.3' });
    expect(refusal(() => flavor('3.0'))).toMatchObject({ supported: '2.3' });
  });

  it('are sent in the version that the readers need', () => {
    const pinned = new VersionedObjectSerializer({ versions: { Vnf: '1.0', Part: '1.0' } });
    const vnf = made({ id: 'v1', load: 1, parts: [Object.assign(new Part(), { size: 1 })] });
    const sent = send(vnf, pinned);
    expect(sent).toMatchObject({ 'tacker_object.version': '1.0' });
    expect(Object.keys(sent['tacker_object.data']).sort()).toEqual(['id', 'parts']);
    expect(sent['tacker_object.changes'].sort()).toEqual(['id', 'parts']);
    expect(sent['tacker_object.data'].parts[0]['tacker_object.version']).toBe('1.0');
    const ahead = new VersionedObjectSerializer({ versions: { Vnf: '1.9' } });
    expect(send(vnf, ahead)).toMatchObject({ 'tacker_object.version': '1.2', 'tacker_object.data': { load: 1 } });
  });
});

describe('namespaces', () => {
  @VersionedObject({ name: 'Instance', version: '1.0', namespace: 'nova' })
  class Instance {
    @VersionedField(fields.string())
    host?: string;
  }
  const nova = new VersionedObjectSerializer({ namespace: 'nova' });
  const neutron = new VersionedObjectSerializer({ namespace: 'versionedobjects' });

  it('have their own keys', () => {
    const instance = Object.assign(new Instance(), { host: 'h1' });
    expect(Object.keys(send(instance, nova))).toContain('nova_object.name');
    expect(receive(send(instance, nova), nova)).toEqual(instance);
    expect(send(new Part(), neutron)).toEqual({
      'versioned_object.name': 'Part',
      'versioned_object.namespace': 'versionedobjects',
      'versioned_object.version': '1.1',
      'versioned_object.data': {},
    });
    const cinder = new VersionedObjectSerializer({ namespace: 'cinder', prefix: 'versioned_object' });
    expect(send(new Part(), cinder)).toMatchObject({ 'versioned_object.namespace': 'cinder' });
  });

  it('do not share their objects', () => {
    expect(refusal(() => send(new Instance()))).toMatchObject({ objtype: 'nova.Instance' });
    const named = primitive({}, { 'tacker_object.name': 'Instance', 'tacker_object.version': '1.0' });
    expect(refusal(() => receive(named))).toBeInstanceOf(UnsupportedObjectError);
    // Another prefix is no object here.
    expect(receive(send(new Instance(), nova))).toEqual(send(new Instance(), nova));
  });
});

describe('a registry', () => {
  it('refuses invalid declarations', () => {
    const declare = (options: object) => () => VersionedObject(options as { version: string })(class Some {});
    expect(declare({ version: '1' })).toThrow(InvalidVersion);
    expect(declare({})).toThrow(InvalidVersion);
    expect(() => VersionedObject({ version: '1.0', name: '' })(class Some {})).toThrow(ConfigurationError);
    expect(() => new VersionedObjectSerializer({ namspace: 'nova' } as object)).toThrow(/did you mean "namespace"/);
    expect(() => new VersionedObjectSerializer({ versions: { Vnf: 'old' } })).toThrow(InvalidVersion);
    expect(() => objWhatChanged({})).toThrow(ConfigurationError);
  });

  it('reports a class that cannot be constructed without arguments', () => {
    @VersionedObject({ version: '1.0' })
    class Demanding {
      readonly size: number;
      constructor(values?: string[]) {
        this.size = (values as string[]).length;
      }
    }
    const values = { ...primitive(), 'tacker_object.name': 'Demanding', 'tacker_object.version': '1.0' };
    expect(refusal(() => receive(values))).toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringMatching(/^Demanding cannot be made without arguments: /),
    });
    expect(Demanding).toBeDefined();
  });

  it('replaces a class by a later one of the same version', () => {
    const redeclare = () => {
      @VersionedObject({ name: 'Twice', version: '1.0' })
      class Twice {}
      return Twice;
    };
    redeclare();
    const latest = redeclare();
    const values = { ...primitive(), 'tacker_object.name': 'Twice', 'tacker_object.version': '1.0' };
    expect(receive(values)).toBeInstanceOf(latest);
  });

  it('accepts subclasses only if that is enabled', () => {
    @VersionedObject({ version: '1.0' })
    class Special extends Part {}
    @VersionedObject({ version: '1.0' })
    class Holder {
      @VersionedField(fields.object(Part))
      strict?: Part;
      @VersionedField(fields.object(Part, { subclasses: true }))
      loose?: Part;
    }
    const special = Object.assign(new Special(), { size: 1 });
    const loose = receive(send(Object.assign(new Holder(), { loose: special }))) as Holder;
    expect(loose.loose).toBeInstanceOf(Special);
    expect(refusal(() => send(Object.assign(new Holder(), { strict: special })))).toBeInstanceOf(InvalidFieldValue);
  });
});

describe('the serializer inside a request context serializer', () => {
  it('converts objects and contexts', () => {
    const serializer = new RequestContextSerializer(new VersionedObjectSerializer());
    const context = serializer.deserializeContext({ user_id: 'u1' });
    expect(context).toBeInstanceOf(RequestContext);
    expect(serializer.serializeContext(context)).toEqual({ user_id: 'u1' });
    expect(
      serializer.deserializeEntity(context, serializer.serializeEntity(context, made({ id: 'v1' }))),
    ).toBeInstanceOf(Vnf);
    expect(new VersionedObjectSerializer().deserializeContext({ user_id: 'u1' })).toEqual({ user_id: 'u1' });
  });
});
