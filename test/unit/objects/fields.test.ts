import fc from 'fast-check';
import {
  fields,
  IncompatibleObjectVersion,
  InvalidFieldValue,
  InvalidMessage,
  MessagingException,
  objVersion,
  UnsupportedObjectError,
  VersionedField,
  VersionedObject,
} from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { load, made, part, primitive, receive, refusal, Stack, send } from './stack.js';

describe('a field', () => {
  const good: [keyof Stack | 'created_at', unknown, unknown][] = [
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
  it.each(good)('%s accepts %o', (name, given, expected) => {
    const stack = load({ [name]: given });
    expect(stack[name === 'created_at' ? 'createdAt' : name]).toEqual(expected);
  });

  const bad: [string, unknown, RegExp][] = [
    ['name', true, /^Stack\.name: expected a string or null; got true$/],
    ['id', null, /^Stack\.id: expected a UUID; got null$/],
    ['status', 'BUSY', /^Stack\.status: expected one of ACTIVE, ERROR; got "BUSY"$/],
    ['load', 'much', /^Stack\.load: expected a finite number; got "much"$/],
    ['enabled', 'false', /^Stack\.enabled: expected true or false; got "false"$/],
    ['created_at', '2026-02-30T00:00:00Z', /^Stack\.created_at: expected a date and time or null; got "2026-02-30/],
    ['created_at', 'soon', /expected a date and time/],
    ['created_at', 5, /expected a date and time or null; got 5$/],
    ['ports', [1, 1.5], /^Stack\.ports\[1\]: expected an integer; got 1\.5$/],
    ['ports', ['9'.repeat(4301)], /^Stack\.ports\[0\]: expected an integer; got "9{80}…"$/],
    ['ports', { a: 1 }, /^Stack\.ports: expected a set of which each element is an integer; got an object$/],
    ['labels', { a: 'x', b: [] }, /^Stack\.labels\["b"\]: expected a string or null; got an array$/],
    ['labels', 'x', /^Stack\.labels: expected an object of which each member is a string or null; got "x"$/],
    ['main', { size: 1 }, /^Stack\.main: expected an object Layer or null; got an object$/],
    ['main', primitive(), /^Stack\.main: expected an object Layer; got a Stack$/],
    ['parts', [part(1), 5], /^Stack\.parts\[1\]: expected an object Layer; got 5$/],
    ['parts', [part(-1)], /^Layer\.size: expected an integer of at least 0; got -1$/],
  ];
  it.each(bad)('%s refuses %o', (name, given, message) => {
    const error = refusal(() => load({ [name]: given }));
    expect(error).toBeInstanceOf(InvalidFieldValue);
    expect(error).toMatchObject({ code: 'INVALID_FIELD_VALUE', message: expect.stringMatching(message) });
  });

  it('is checked when it is sent, too', () => {
    const wrong = made({ load: Number.NaN });
    expect(refusal(() => send(wrong))).toMatchObject({ objname: 'Stack', field: 'load', allowed: 'a finite number' });
    for (const values of [
      { createdAt: new Date(Number.NaN) },
      { createdAt: new Date('+012026-01-01T00:00:00Z') },
      { parts: [{ size: 1 }] },
      { status: 'BUSY' },
    ]) {
      expect(refusal(() => send(Object.assign(new Stack(), values)))).toBeInstanceOf(InvalidFieldValue);
    }
    expect(Number.isNaN(load({ load: Number.NaN }).load)).toBe(true);
  });

  it('prints no possible secret', () => {
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
    expect(error).toMatchObject({ code: 'UNSUPPORTED_OBJECT', objtype: 'nova.Stack' });
  });

  it('is refused by its version', () => {
    for (const version of ['1.3', '2.0', '0.9']) {
      const error = refusal(() => at(version));
      expect(error).toBeInstanceOf(IncompatibleObjectVersion);
      expect(error).toMatchObject({ objname: 'Stack', objver: version, supported: '1.2' });
    }
  });

  it('is accepted in an older version, which it keeps', () => {
    const old = at('1.0') as Stack;
    expect(objVersion(old)).toBe('1.0');
    expect(send(old)['tacker_object.version']).toBe('1.0');
    expect(objVersion(at('1.2.5') as Stack)).toBe('1.2');
    expect(objVersion(new Stack())).toBe('1.2');
  });

  it('is refused without one of its members, or with a wrong one', () => {
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

describe('any received value', () => {
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

  it('is built, passed on, or refused with an error of this library', () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        try {
          const read = receive([value]) as unknown[];
          if (read[0] instanceof Stack) expect(send(receive(send(read[0])))).toEqual(send(read[0]));
          else expect(read).toEqual([value]);
        } catch (error) {
          if (!(error instanceof MessagingException)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
