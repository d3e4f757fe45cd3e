import fc from 'fast-check';
import {
  ClientSendError,
  ConfigurationError,
  fields,
  IncompatibleObjectVersion,
  InvalidFieldValue,
  InvalidMessage,
  InvalidVersion,
  MessagingException,
  objResetChanges,
  objSetDefaults,
  objVersion,
  objWhatChanged,
  ReadOnlyFieldError,
  RequestContext,
  RequestContextSerializer,
  UnsupportedObjectError,
  VersionedField,
  VersionedObject,
  VersionedObjectSerializer,
} from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';

class Persistent {
  @VersionedField(fields.dateTime().nullable(), { name: 'created_at' })
  createdAt?: Date | null;
}

@VersionedObject({ name: 'Part', version: '1.1' })
class Part {
  @VersionedField(fields.integer({ min: 0 }))
  size!: number;
}

@VersionedObject({ version: '1.0' })
class Owner {
  @VersionedField(fields.object(Part).readOnly())
  one!: Part;

  @VersionedField(fields.listOf(fields.object(Part)).readOnly())
  list!: Part[];

  @VersionedField(fields.dictOf(fields.object(Part)).readOnly())
  named!: Record<string, Part>;
}

@VersionedObject({ version: '1.2' })
class Vnf extends Persistent {
  @VersionedField(fields.uuid().readOnly())
  id!: string;

  @VersionedField(fields.string().nullable())
  name?: string | null;

  @VersionedField(fields.enum(['ACTIVE', 'ERROR']).default('ACTIVE'))
  status?: 'ACTIVE' | 'ERROR';

  @VersionedField(fields.object(Part).nullable())
  main?: Part | null;

  @VersionedField(fields.listOf(fields.object(() => Part)))
  parts?: Part[];

  @VersionedField(fields.dictOf(fields.string().nullable()).default(() => ({})))
  labels?: Record<string, string | null>;

  @VersionedField(fields.setOf(fields.integer()))
  ports?: Set<number>;

  @VersionedField(fields.float())
  load?: number;

  @VersionedField(fields.boolean())
  enabled?: boolean;

  @VersionedField(fields.any())
  extra?: unknown;

  @VersionedField(fields.object(() => Vnf))
  parent?: Vnf;

  /** No field: stays here. */
  cache = 'local';

  makeCompatible(data: Record<string, unknown>, targetVersion: string): void {
    if (targetVersion === '1.0') delete data['load'];
  }
}

const tacker = new VersionedObjectSerializer();

/** A serializer's output as it arrives at the other side. */
const send = (entity: unknown, serializer = tacker) =>
  JSON.parse(JSON.stringify(serializer.serializeEntity({}, entity)));
const receive = (entity: unknown, serializer = tacker) => serializer.deserializeEntity({}, entity);

const primitive = (data: object = {}, changed: object = {}) => ({
  'tacker_object.name': 'Vnf',
  'tacker_object.namespace': 'tacker',
  'tacker_object.version': '1.2',
  'tacker_object.data': data,
  ...changed,
});
const part = (size: unknown) => ({
  'tacker_object.name': 'Part',
  'tacker_object.namespace': 'tacker',
  'tacker_object.version': '1.1',
  'tacker_object.data': { size },
});
const load = (data: object = {}, changed: object = {}): Vnf => receive(primitive(data, changed)) as Vnf;
const made = (values: Partial<Vnf>): Vnf => Object.assign(new Vnf(), values);

function refusal(action: () => unknown): unknown {
  try {
    return expect.fail(`gave ${String(action())}`);
  } catch (error) {
    return error;
  }
}

describe('a versioned object', () => {
  it('is written with all its set fields, all of them changed', () => {
    const vnf = made({
      id: 'v1',
      name: null,
      createdAt: new Date('2026-11-23T21:34:12.987Z'),
      main: Object.assign(new Part(), { size: 2 }),
      ports: new Set([80, 443]),
    });
    expect(send(vnf)).toEqual({
      'tacker_object.name': 'Vnf',
      'tacker_object.namespace': 'tacker',
      'tacker_object.version': '1.2',
      'tacker_object.data': {
        id: 'v1',
        name: null,
        created_at: '2026-11-23T21:34:12Z',
        main: { ...part(2), 'tacker_object.changes': ['size'] },
        ports: [80, 443],
      },
      'tacker_object.changes': expect.toSatisfy(
        (names: string[]) => [...names].sort().join() === 'created_at,id,main,name,ports',
      ),
    });
  });

  it('is built of what was written', () => {
    const vnf = made({
      id: 'v1',
      status: 'ERROR',
      createdAt: new Date('2026-11-23T21:34:12Z'),
      parts: [1, 2].map((size) => Object.assign(new Part(), { size })),
      labels: { a: 'x', b: null, ['__proto__']: 'own' },
      ports: new Set([80]),
      load: 0.5,
      enabled: false,
      extra: { any: ['thing', 1] },
      parent: made({ id: 'v0' }),
    });
    const built = receive(send(vnf));
    expect(built).toBeInstanceOf(Vnf);
    expect(built).toEqual(vnf);
    expect((built as Vnf).parts?.[1]).toBeInstanceOf(Part);
    expect((built as Vnf).parent).toBeInstanceOf(Vnf);
    expect(Object.keys((built as Vnf).labels ?? {})).toContain('__proto__');
  });

  it('is found wherever it is, and leaves the rest alone', () => {
    const rest = { text: 'x', list: [1, null, { deep: true }], none: null, big: 2n ** 60n };
    expect(tacker.serializeEntity({}, rest)).toEqual(rest);
    expect(receive(rest)).toEqual(rest);
    const written = send({ list: [{ vnf: made({ id: 'v1' }) }], map: new Map([['k', new Set([made({ id: 'v2' })])]]) });
    const read = receive(written) as { list: { vnf: Vnf }[]; map: { k: Vnf[] } };
    expect(read.list[0]?.vnf).toBeInstanceOf(Vnf);
    expect(read.map.k[0]?.id).toBe('v2');
    const proto = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}');
    expect(Object.keys(receive(proto) as object)).toEqual(['__proto__', 'constructor']);
  });

  it('is found inside an object of an unregistered class', () => {
    class Answer {
      readonly vnf = made({ id: 'v1' });
    }
    expect(send(new Answer())).toMatchObject({ vnf: { 'tacker_object.name': 'Vnf' } });
    expect(send({ at: new Date(0), ctxt: RequestContext.fromDict({ user_id: 'u' }) })).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      ctxt: { user_id: 'u' },
    });
  });

  it('that contains itself is refused', () => {
    const vnf = made({ id: 'v1' });
    vnf.parent = vnf;
    const list: unknown[] = [];
    list.push(list);
    expect(refusal(() => send(vnf))).toBeInstanceOf(ClientSendError);
    expect(refusal(() => send(list))).toBeInstanceOf(ClientSendError);
    const shared = Object.assign(new Part(), { size: 1 });
    expect(send([shared, shared])).toHaveLength(2);
  });

  it('keeps the constructor’s values for fields that did not come', () => {
    @VersionedObject({ version: '1.0' })
    class WithInitial {
      @VersionedField(fields.string())
      first = 'initial';
      @VersionedField(fields.string())
      second = 'initial';
    }
    const values = {
      ...primitive({ first: 'sent' }),
      'tacker_object.name': 'WithInitial',
      'tacker_object.version': '1.0',
    };
    const built = receive(values);
    expect(built).toBeInstanceOf(WithInitial);
    expect(built).toEqual({ first: 'sent', second: 'initial' });
    expect(objWhatChanged(built as WithInitial)).toEqual([]);
  });
});

describe('changes of a versioned object', () => {
  it('are none right after it came', () => {
    const vnf = load({ id: 'v1', created_at: '2026-11-23T21:34:12+05:30', parts: [part(1)], labels: { a: 'x' } });
    expect(objWhatChanged(vnf)).toEqual([]);
    expect(send(vnf)).not.toHaveProperty(['tacker_object.changes']);
  });

  it('are what was set since, also in place', () => {
    const vnf = load({ id: 'v1', name: 'a', labels: { a: 'x' }, ports: [1], parts: [part(1)], extra: [1] });
    vnf.name = 'b';
    expect(objWhatChanged(vnf)).toEqual(['name']);
    vnf.name = 'a';
    expect(objWhatChanged(vnf)).toEqual([]);
    Object.assign(vnf.labels ?? {}, { b: 'y' });
    vnf.ports?.add(2);
    (vnf.extra as unknown[]).push(2);
    vnf.enabled = true;
    expect(objWhatChanged(vnf).sort()).toEqual(['enabled', 'extra', 'labels', 'ports']);
    const [first] = vnf.parts ?? [];
    if (first) first.size = 7;
    expect(objWhatChanged(vnf)).toContain('parts');
  });

  it('include those that it came with', () => {
    const vnf = load({ id: 'v1', name: 'a' }, { 'tacker_object.changes': ['name', 'unknown', 7] });
    expect(objWhatChanged(vnf)).toEqual(['name']);
    expect(send(vnf)['tacker_object.changes']).toEqual(['name']);
    const parent = load({ parent: primitive({ id: 'v0' }, { 'tacker_object.changes': ['id'] }) });
    expect(objWhatChanged(parent)).toEqual(['parent']);
  });

  it('are forgotten on demand', () => {
    const vnf = made({ id: 'v1', main: Object.assign(new Part(), { size: 1 }), parts: [new Part()] });
    objResetChanges(vnf);
    // The object within still has its own.
    expect(objWhatChanged(vnf)).toEqual(['main']);
    objResetChanges(vnf, { recursive: true });
    expect(objWhatChanged(vnf)).toEqual([]);
  });

  it('of a read-only field are refused where an object is replaced, and not where it has changed', () => {
    const changedPart = (size: number) => ({ ...part(size), 'tacker_object.changes': ['size'] });
    const data = { one: changedPart(1), list: [changedPart(2)], named: { a: changedPart(3) } };
    const spelt = { 'tacker_object.name': 'Owner', 'tacker_object.version': '1.0' };
    const came = () => receive({ ...primitive(data, spelt), 'tacker_object.changes': ['one'] }) as Owner;
    const untouched = came();
    expect(send(untouched)['tacker_object.changes']).toEqual(['one']);
    const changed = came();
    for (const one of [changed.one, changed.list[0], changed.named['a']]) if (one) one.size = 9;
    expect(send(changed)['tacker_object.changes']).toEqual(['one', 'list', 'named']);
    const copied = came();
    copied.list = [...copied.list];
    copied.named = { ...copied.named };
    expect(() => send(copied)).not.toThrow();
    const replaced = [
      (owner: Owner) => Object.assign(owner, { one: Object.assign(new Part(), { size: 1 }) }),
      (owner: Owner) => owner.list.splice(0, 1, owner.one),
      (owner: Owner) => owner.list.pop(),
      (owner: Owner) => Object.assign(owner.named, { b: owner.one }),
    ];
    for (const replace of replaced) {
      const owner = came();
      replace(owner);
      expect(refusal(() => send(owner))).toBeInstanceOf(ReadOnlyFieldError);
    }
  });

  it('of a read-only field are refused', () => {
    const vnf = load({ id: 'v1' });
    expect(send(vnf)['tacker_object.data']).toEqual({ id: 'v1' });
    vnf.id = 'v2';
    const error = refusal(() => send(vnf));
    expect(error).toBeInstanceOf(ReadOnlyFieldError);
    expect(error).toMatchObject({ code: 'READ_ONLY_FIELD', field: 'id' });
    const late = load();
    late.id = 'v3';
    expect(send(late)['tacker_object.data']).toEqual({ id: 'v3' });
  });

  it('do not include defaults that are not asked for', () => {
    const vnf = new Vnf();
    expect(send(vnf)['tacker_object.data']).toEqual({});
    objSetDefaults(vnf);
    expect(send(vnf)['tacker_object.data']).toEqual({ status: 'ACTIVE', labels: {} });
    const other = new Vnf();
    objSetDefaults(other);
    expect(other.labels).not.toBe(vnf.labels);
  });
});

describe('a field', () => {
  const good: [keyof Vnf | 'created_at', unknown, unknown][] = [
    ['name', 7, '7'],
    ['name', null, null],
    ['status', null, 'ACTIVE'],
    ['load', '1.5', 1.5],
    ['load', 2n, 2],
    ['enabled', 1, true],
    ['created_at', '2026-11-23 21:34:12.263210', new Date('2026-11-23T21:34:12.263Z')],
    ['created_at', '2026-11-23T21:34:12-0130', new Date('2026-11-23T23:04:12Z')],
    ['created_at', '2026-11-23', new Date('2026-11-23T00:00:00Z')],
    ['ports', ['7', 2n ** 60n, true], new Set([7, 2n ** 60n, 1])],
  ];
  it.each(good)('%s takes %o', (name, given, expected) => {
    const vnf = load({ [name]: given });
    expect(vnf[name === 'created_at' ? 'createdAt' : name]).toEqual(expected);
  });

  const bad: [string, unknown, RegExp][] = [
    ['name', true, /^Vnf\.name: expected a string or null; got true$/],
    ['id', null, /^Vnf\.id: expected a UUID; got null$/],
    ['status', 'BUSY', /^Vnf\.status: expected one of ACTIVE, ERROR; got "BUSY"$/],
    ['load', 'much', /^Vnf\.load: expected a finite number; got "much"$/],
    ['enabled', 'false', /^Vnf\.enabled: expected true or false; got "false"$/],
    ['created_at', '2026-02-30T00:00:00Z', /^Vnf\.created_at: expected a date and time or null; got "2026-02-30/],
    ['created_at', 'soon', /expected a date and time/],
    ['created_at', 5, /expected a date and time or null; got 5$/],
    ['ports', [1, 1.5], /^Vnf\.ports\[1\]: expected an integer; got 1\.5$/],
    ['ports', ['9'.repeat(4301)], /^Vnf\.ports\[0\]: expected an integer; got "9{80}…"$/],
    ['ports', { a: 1 }, /^Vnf\.ports: expected a set of which each element is an integer; got an object$/],
    ['labels', { a: 'x', b: [] }, /^Vnf\.labels\["b"\]: expected a string or null; got an array$/],
    ['labels', 'x', /^Vnf\.labels: expected an object of which each member is a string or null; got "x"$/],
    ['main', { size: 1 }, /^Vnf\.main: expected an object Part or null; got an object$/],
    ['main', primitive(), /^Vnf\.main: expected an object Part; got a Vnf$/],
    ['parts', [part(1), 5], /^Vnf\.parts\[1\]: expected an object Part; got 5$/],
    ['parts', [part(-1)], /^Part\.size: expected an integer of at least 0; got -1$/],
  ];
  it.each(bad)('%s refuses %o', (name, given, message) => {
    const error = refusal(() => load({ [name]: given }));
    expect(error).toBeInstanceOf(InvalidFieldValue);
    expect(error).toMatchObject({ code: 'INVALID_FIELD_VALUE', message: expect.stringMatching(message) });
  });

  it('is checked when it is sent, too', () => {
    const wrong = made({ load: Number.NaN });
    expect(refusal(() => send(wrong))).toMatchObject({ objname: 'Vnf', field: 'load', allowed: 'a finite number' });
    for (const values of [
      { createdAt: new Date(Number.NaN) },
      { createdAt: new Date('+012026-01-01T00:00:00Z') },
      { parts: [{ size: 1 }] },
      { status: 'BUSY' },
    ]) {
      expect(refusal(() => send(Object.assign(new Vnf(), values)))).toBeInstanceOf(InvalidFieldValue);
    }
    expect(Number.isNaN(load({ load: Number.NaN }).load)).toBe(true);
  });

  it('never prints what may be a secret', () => {
    @VersionedObject({ version: '1.0' })
    class Secretive {
      @VersionedField(fields.dateTime(), { name: 'admin_password' })
      password?: Date;
    }
    const error = refusal(() => send(Object.assign(new Secretive(), { password: 'hunter2' }))) as Error;
    expect(error).toBeInstanceOf(InvalidFieldValue);
    expect(error.message).not.toContain('hunter2');
  });

  it('has a type that its property must have', () => {
    class Mistaken {
      // @ts-expect-error a string field for a number
      @VersionedField(fields.string())
      count?: number;
    }
    expect(new Mistaken()).toBeInstanceOf(Mistaken);
  });
});

describe('an object that is not known here', () => {
  const at = (version: string) => receive(primitive({}, { 'tacker_object.version': version }));

  it('is refused by its name', () => {
    const error = refusal(() => receive([primitive({}, { 'tacker_object.name': 'constructor' })]));
    expect(error).toBeInstanceOf(UnsupportedObjectError);
    expect(error).toMatchObject({ code: 'UNSUPPORTED_OBJECT', objtype: 'constructor' });
    expect(refusal(() => receive(primitive({}, { 'tacker_object.name': '__proto__' })))).toBeInstanceOf(
      UnsupportedObjectError,
    );
  });

  it('is refused by its namespace', () => {
    const error = refusal(() => receive(primitive({}, { 'tacker_object.namespace': 'nova' })));
    expect(error).toMatchObject({ code: 'UNSUPPORTED_OBJECT', objtype: 'nova.Vnf' });
  });

  it('is refused by its version', () => {
    for (const version of ['1.3', '2.0', '0.9']) {
      const error = refusal(() => at(version));
      expect(error).toBeInstanceOf(IncompatibleObjectVersion);
      expect(error).toMatchObject({ objname: 'Vnf', objver: version, supported: '1.2' });
    }
  });

  it('is taken in an older version, which it keeps', () => {
    const old = at('1.0') as Vnf;
    expect(objVersion(old)).toBe('1.0');
    expect(send(old)['tacker_object.version']).toBe('1.0');
    expect(objVersion(at('1.2.5') as Vnf)).toBe('1.2');
    expect(objVersion(new Vnf())).toBe('1.2');
  });

  it('is refused without one of its members, or with one that is not what it must be', () => {
    for (const wrong of [
      { 'tacker_object.namespace': undefined },
      { 'tacker_object.version': 1 },
      { 'tacker_object.version': 'newest' },
      { 'tacker_object.data': [] },
      { 'tacker_object.name': null },
    ]) {
      const error = refusal(() => receive({ ...primitive(), ...wrong }));
      expect(error).toBeInstanceOf(InvalidMessage);
      expect(error).toMatchObject({ message: expect.stringContaining(Object.keys(wrong)[0] ?? '?') });
    }
    // A name that is inherited is none.
    expect(receive(Object.create(primitive()))).toEqual({});
  });
});

describe('whatever comes', () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  const names = ['id', 'name', 'status', 'main', 'parts', 'labels', 'ports', 'load', 'enabled', 'extra', 'created_at'];
  const arbitrary = fc.oneof(
    fc.dictionary(fc.constantFrom(...names), json).map((data) => primitive(data)),
    fc
      .dictionary(fc.constantFrom(...names), json)
      .map((data) => primitive({ main: part(1), parts: [primitive(data)] })),
    fc
      .dictionary(
        fc.constantFrom(...['name', 'namespace', 'version', 'data', 'changes'].map((key) => `tacker_object.${key}`)),
        json,
      )
      .map((members) => primitive({}, members)),
    json,
  );

  it('is built, passed on, or refused with an error of ours', () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        try {
          const read = receive([value]) as unknown[];
          if (read[0] instanceof Vnf) expect(send(receive(send(read[0])))).toEqual(send(read[0]));
          else expect(read).toEqual([value]);
        } catch (error) {
          if (!(error instanceof MessagingException)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

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

  it('stand side by side', () => {
    expect(flavor('1.0')).toBeInstanceOf(Flavor1);
    expect(flavor('2.3')).toBeInstanceOf(Flavor2);
    expect(refusal(() => flavor('2.4'))).toMatchObject({ supported: '2.3' });
    expect(refusal(() => flavor('3.0'))).toMatchObject({ supported: '2.3' });
  });

  it('are sent as old as the readers need them', () => {
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

  it('keep their objects to themselves', () => {
    expect(refusal(() => send(new Instance()))).toMatchObject({ objtype: 'nova.Instance' });
    const named = primitive({}, { 'tacker_object.name': 'Instance', 'tacker_object.version': '1.0' });
    expect(refusal(() => receive(named))).toBeInstanceOf(UnsupportedObjectError);
    // Another prefix is no object here.
    expect(receive(send(new Instance(), nova))).toEqual(send(new Instance(), nova));
  });
});

describe('what declares objects', () => {
  it('refuses what could not work', () => {
    const declare = (options: object) => () => VersionedObject(options as { version: string })(class Some {});
    expect(declare({ version: '1' })).toThrow(InvalidVersion);
    expect(declare({})).toThrow(InvalidVersion);
    expect(() => VersionedObject({ version: '1.0', name: '' })(class Some {})).toThrow(ConfigurationError);
    expect(() => new VersionedObjectSerializer({ namspace: 'nova' } as object)).toThrow(/did you mean "namespace"/);
    expect(() => new VersionedObjectSerializer({ versions: { Vnf: 'old' } })).toThrow(InvalidVersion);
    expect(() => objWhatChanged({})).toThrow(ConfigurationError);
  });

  it('says so when a class cannot be made without arguments', () => {
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

  it('lets the later class of one version take the earlier one’s place', () => {
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

  it('takes subclasses only where that is said', () => {
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
  it('converts objects, and contexts as ever', () => {
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
