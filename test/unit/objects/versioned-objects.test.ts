import {
  ClientSendError,
  fields,
  objResetChanges,
  objSetDefaults,
  objWhatChanged,
  ReadOnlyFieldError,
  RequestContext,
  VersionedField,
  VersionedObject,
} from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { Layer, load, made, Owner, part, primitive, receive, refusal, Stack, send, tacker } from './stack.js';

describe('a versioned object', () => {
  it('is written with all its set fields, all of them changed', () => {
    const stack = made({
      id: 'v1',
      name: null,
      createdAt: new Date('2026-11-23T21:34:12.987Z'),
      main: Object.assign(new Layer(), { size: 2 }),
      ports: new Set([80, 443]),
    });
    expect(send(stack)).toEqual({
      'tacker_object.name': 'Stack',
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

  it('is built from the written form', () => {
    const stack = made({
      id: 'v1',
      status: 'ERROR',
      createdAt: new Date('2026-11-23T21:34:12Z'),
      parts: [1, 2].map((size) => Object.assign(new Layer(), { size })),
      labels: { a: 'x', b: null, ['__proto__']: 'own' },
      ports: new Set([80]),
      load: 0.5,
      enabled: false,
      extra: { any: ['thing', 1] },
      parent: made({ id: 'v0' }),
    });
    const built = receive(send(stack));
    expect(built).toBeInstanceOf(Stack);
    expect(built).toEqual(stack);
    expect((built as Stack).parts?.[1]).toBeInstanceOf(Layer);
    expect((built as Stack).parent).toBeInstanceOf(Stack);
    expect(Object.keys((built as Stack).labels ?? {})).toContain('__proto__');
  });

  it('is converted at any depth, and leaves other values unchanged', () => {
    const rest = { text: 'x', list: [1, null, { deep: true }], none: null, big: 2n ** 60n };
    expect(tacker.serializeEntity({}, rest)).toEqual(rest);
    expect(receive(rest)).toEqual(rest);
    const written = send({
      list: [{ stack: made({ id: 'v1' }) }],
      map: new Map([['k', new Set([made({ id: 'v2' })])]]),
    });
    const read = receive(written) as { list: { stack: Stack }[]; map: { k: Stack[] } };
    expect(read.list[0]?.stack).toBeInstanceOf(Stack);
    expect(read.map.k[0]?.id).toBe('v2');
    const proto = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}');
    expect(Object.keys(receive(proto) as object)).toEqual(['__proto__', 'constructor']);
  });

  it('is found inside an object of an unregistered class', () => {
    class Answer {
      readonly stack = made({ id: 'v1' });
    }
    expect(send(new Answer())).toMatchObject({ stack: { 'tacker_object.name': 'Stack' } });
    expect(send({ at: new Date(0), ctxt: RequestContext.fromDict({ user_id: 'u' }) })).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      ctxt: { user_id: 'u' },
    });
  });

  it('that contains itself is refused', () => {
    const stack = made({ id: 'v1' });
    stack.parent = stack;
    const list: unknown[] = [];
    list.push(list);
    expect(refusal(() => send(stack))).toBeInstanceOf(ClientSendError);
    expect(refusal(() => send(list))).toBeInstanceOf(ClientSendError);
    const shared = Object.assign(new Layer(), { size: 1 });
    expect(send([shared, shared])).toHaveLength(2);
  });

  it('keeps the values of the constructor for absent fields', () => {
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
  it('are empty after it was received', () => {
    const stack = load({ id: 'v1', created_at: '2026-11-23T21:34:12+05:30', parts: [part(1)], labels: { a: 'x' } });
    expect(objWhatChanged(stack)).toEqual([]);
    expect(send(stack)).not.toHaveProperty(['tacker_object.changes']);
  });

  it('are the fields that were set since, also in place', () => {
    const stack = load({ id: 'v1', name: 'a', labels: { a: 'x' }, ports: [1], parts: [part(1)], extra: [1] });
    stack.name = 'b';
    expect(objWhatChanged(stack)).toEqual(['name']);
    stack.name = 'a';
    expect(objWhatChanged(stack)).toEqual([]);
    Object.assign(stack.labels ?? {}, { b: 'y' });
    stack.ports?.add(2);
    (stack.extra as unknown[]).push(2);
    stack.enabled = true;
    expect(objWhatChanged(stack).sort()).toEqual(['enabled', 'extra', 'labels', 'ports']);
    const [first] = stack.parts ?? [];
    if (first) first.size = 7;
    expect(objWhatChanged(stack)).toContain('parts');
  });

  it('include its received changes', () => {
    const stack = load({ id: 'v1', name: 'a' }, { 'tacker_object.changes': ['name', 'unknown', 7] });
    expect(objWhatChanged(stack)).toEqual(['name']);
    expect(send(stack)['tacker_object.changes']).toEqual(['name']);
    const parent = load({ parent: primitive({ id: 'v0' }, { 'tacker_object.changes': ['id'] }) });
    expect(objWhatChanged(parent)).toEqual(['parent']);
  });

  it('can be reset', () => {
    const stack = made({ id: 'v1', main: Object.assign(new Layer(), { size: 1 }), parts: [new Layer()] });
    objResetChanges(stack);
    // The object within still has its own.
    expect(objWhatChanged(stack)).toEqual(['main']);
    objResetChanges(stack, { recursive: true });
    expect(objWhatChanged(stack)).toEqual([]);
  });

  it('of a read-only field are refused for a replaced object, and not for a modified one', () => {
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
      (owner: Owner) => Object.assign(owner, { one: Object.assign(new Layer(), { size: 1 }) }),
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
    const stack = load({ id: 'v1' });
    expect(send(stack)['tacker_object.data']).toEqual({ id: 'v1' });
    stack.id = 'v2';
    const error = refusal(() => send(stack));
    expect(error).toBeInstanceOf(ReadOnlyFieldError);
    expect(error).toMatchObject({ code: 'READ_ONLY_FIELD', field: 'id' });
    const late = load();
    late.id = 'v3';
    expect(send(late)['tacker_object.data']).toEqual({ id: 'v3' });
  });

  it('do not include defaults that were not requested', () => {
    const stack = new Stack();
    expect(send(stack)['tacker_object.data']).toEqual({});
    objSetDefaults(stack);
    expect(send(stack)['tacker_object.data']).toEqual({ status: 'ACTIVE', labels: {} });
    const other = new Stack();
    objSetDefaults(other);
    expect(other.labels).not.toBe(stack.labels);
  });
});
