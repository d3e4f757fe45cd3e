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
import { Layer, made, primitive, receive, refusal, Stack, send } from './stack.js';

describe('versions of one object', () => {
  @VersionedObject({ name: 'Volume', version: '1.1' })
  class Volume1 {
    @VersionedField(fields.string())
    name?: string;
  }
  @VersionedObject({ name: 'Volume', version: '2.3' })
  class Volume2 {}
  const flavor = (version: string) =>
    receive({ ...primitive({ name: 'm1' }), 'tacker_object.name': 'Volume', 'tacker_object.version': version });

  it('are registered side by side', () => {
    expect(flavor('1.0')).toBeInstanceOf(Volume1);
    expect(flavor('2.3')).toBeInstanceOf(Volume2);
    expect(refusal(() => flavor('2.4'))).toMatchObject({ supported: '2.3' });
    expect(refusal(() => flavor('3.0'))).toMatchObject({ supported: '2.3' });
  });

  it('are sent in the version that the readers need', () => {
    const pinned = new VersionedObjectSerializer({ versions: { Stack: '1.0', Layer: '1.0' } });
    const stack = made({ id: 'v1', load: 1, parts: [Object.assign(new Layer(), { size: 1 })] });
    const sent = send(stack, pinned);
    expect(sent).toMatchObject({ 'tacker_object.version': '1.0' });
    expect(Object.keys(sent['tacker_object.data']).sort()).toEqual(['id', 'parts']);
    expect(sent['tacker_object.changes'].sort()).toEqual(['id', 'parts']);
    expect(sent['tacker_object.data'].parts[0]['tacker_object.version']).toBe('1.0');
    const ahead = new VersionedObjectSerializer({ versions: { Stack: '1.9' } });
    expect(send(stack, ahead)).toMatchObject({ 'tacker_object.version': '1.2', 'tacker_object.data': { load: 1 } });
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
    expect(send(new Layer(), neutron)).toEqual({
      'versioned_object.name': 'Layer',
      'versioned_object.namespace': 'versionedobjects',
      'versioned_object.version': '1.1',
      'versioned_object.data': {},
    });
    const cinder = new VersionedObjectSerializer({ namespace: 'cinder', prefix: 'versioned_object' });
    expect(send(new Layer(), cinder)).toMatchObject({ 'versioned_object.namespace': 'cinder' });
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
    expect(() => new VersionedObjectSerializer({ versions: { Stack: 'old' } })).toThrow(InvalidVersion);
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
    class Special extends Layer {}
    @VersionedObject({ version: '1.0' })
    class Holder {
      @VersionedField(fields.object(Layer))
      strict?: Layer;
      @VersionedField(fields.object(Layer, { subclasses: true }))
      loose?: Layer;
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
    ).toBeInstanceOf(Stack);
    expect(new VersionedObjectSerializer().deserializeContext({ user_id: 'u1' })).toEqual({ user_id: 'u1' });
  });
});
