import 'reflect-metadata';
import {
  fields,
  objVersion,
  objWhatChanged,
  RequestContextSerializer,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
  VersionedField,
  VersionedObject,
  VersionedObjectSerializer,
} from 'nestjs-oslo-messaging';
import { expect } from 'vitest';
import { type PythonSerializer } from '../support/python-peer.js';

@VersionedObject({ name: 'Part', version: '1.1' })
export class Part {
  @VersionedField(fields.integer({ min: 0 }))
  size?: number;
}

@VersionedObject({ name: 'Vnf', version: '1.2', namespace: 'tacker' })
export class Vnf {
  @VersionedField(fields.uuid().readOnly())
  id?: string;
  @VersionedField(fields.string().nullable())
  name?: string | null;
  @VersionedField(fields.enum(['ACTIVE', 'ERROR']).default('ACTIVE'))
  status?: 'ACTIVE' | 'ERROR';
  @VersionedField(fields.object(Part).nullable())
  main?: Part | null;
  @VersionedField(fields.listOf(fields.object(Part)))
  parts?: Part[];
  @VersionedField(fields.dictOf(fields.object(Part)), { name: 'named_parts' })
  namedParts?: Record<string, Part>;
  @VersionedField(fields.dictOf(fields.string().nullable()))
  labels?: Record<string, string | null>;
  @VersionedField(fields.setOf(fields.integer()))
  ports?: Set<number>;
  @VersionedField(fields.float())
  load?: number;
  @VersionedField(fields.boolean())
  enabled?: boolean;
  @VersionedField(fields.any())
  extra?: unknown;
  @VersionedField(fields.dateTime().nullable(), { name: 'created_at' })
  createdAt?: Date | null;
  @VersionedField(fields.dateTime().nullable(), { name: 'updated_at' })
  updatedAt?: Date | null;
}

@VersionedObject({ version: '1.0' })
export class Owned {
  @VersionedField(fields.uuid().readOnly())
  id?: string;
  @VersionedField(fields.object(Part).readOnly())
  owner?: Part;
  @VersionedField(fields.object(Part).nullable().readOnly())
  backup?: Part | null;
  @VersionedField(fields.listOf(fields.object(Part)).readOnly())
  items?: Part[];
  @VersionedField(fields.dictOf(fields.object(Part)).readOnly(), { name: 'by_name' })
  byName?: Record<string, Part>;
  @VersionedField(fields.setOf(fields.object(Part)).readOnly())
  several?: Set<Part>;
  @VersionedField(fields.dictOf(fields.listOf(fields.object(Part))).readOnly())
  nested?: Record<string, Part[]>;
  @VersionedField(fields.listOf(fields.object(Part)))
  loose?: Part[];
}

/** Oslo's ObjectListBase is an object with one list. */
@VersionedObject({ version: '1.0' })
export class VnfList {
  @VersionedField(fields.listOf(fields.object(Vnf)))
  objects: Vnf[] = [];
}

@VersionedObject({ version: '1.2' })
export class Ahead {
  @VersionedField(fields.string())
  name?: string;
}

@VersionedObject({ version: '1.2' })
export class Behind {
  @VersionedField(fields.string())
  name?: string;
}

@VersionedObject({ version: '1.0' })
export class OnlyHere {}

@VersionedObject({ version: '1.3', namespace: 'nova' })
export class Flavor {
  @VersionedField(fields.string())
  name?: string;
  @VersionedField(fields.integer(), { name: 'memory_mb' })
  memoryMb?: number | bigint;
}

@VersionedObject({ version: '1.1', namespace: 'versionedobjects' })
export class Network {
  @VersionedField(fields.uuid())
  id?: string;
  @VersionedField(fields.integer().nullable())
  mtu?: number | null;
}

export const UUID = '7f5c1f4e-3f6b-4f0a-9a52-0d8d6f7b2c11';
export const made = <T extends object>(type: new () => T, values: Partial<T>): T => Object.assign(new type(), values);
export const size = (value: number) => made(Part, { size: value });

/** Returns an object with a value in every field. */
export const complete = () =>
  made(Vnf, {
    id: UUID,
    name: 'ä€😀',
    status: 'ERROR',
    main: size(1),
    parts: [size(2), size(3)],
    namedParts: { a: size(4) },
    labels: { x: 'y', none: null },
    ports: new Set([80, 443]),
    load: 0.1 + 0.2,
    enabled: false,
    extra: { any: [1, null, 'x'] },
    createdAt: new Date('2026-11-23T21:34:12Z'),
    updatedAt: null,
  });

/** An object as it is on the wire. */
export const spelt = (name: string, version: string, data: object, changes: readonly string[]) => ({
  'tacker_object.name': name,
  'tacker_object.namespace': 'tacker',
  'tacker_object.version': version,
  'tacker_object.data': data,
  ...(changes.length > 0 && { 'tacker_object.changes': changes }),
});

/** Python keeps names of fields in a set. */
export const sorted = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, member: unknown) =>
    key.endsWith('.changes') && Array.isArray(member) ? member.sort() : member,
  );

/** The same, as the Python peer is told of it and tells of it. */
export const partSpec = (value: number, changes: string[] = ['size']) => ({
  $object: { name: 'Part', version: '1.1', changes, fields: { size: value } },
});
export const completeSpec = (changed = true) => {
  const changes = changed ? ['size'] : [];
  const values = {
    id: UUID,
    name: 'ä€😀',
    status: 'ERROR',
    main: partSpec(1, changes),
    parts: [partSpec(2, changes), partSpec(3, changes)],
    named_parts: { a: partSpec(4, changes) },
    labels: { x: 'y', none: null },
    ports: expect.toSatisfy((ports: number[]) => [...ports].sort().join() === '443,80'),
    load: 0.1 + 0.2,
    enabled: false,
    extra: { any: [1, null, 'x'] },
    created_at: { $datetime: '2026-11-23T21:34:12+00:00' },
    updated_at: null,
  };
  return {
    $object: { name: 'Vnf', version: '1.2', changes: changed ? Object.keys(values).sort() : [], fields: values },
  };
};

@RpcEndpoint({ version: '1.0' })
export class Objects {
  @RpcMethod()
  echo(@RpcArg('value') value: unknown): unknown {
    return value;
  }

  /** Returns the class and the fields of a received object. */
  @RpcMethod()
  saw(@RpcArg('value') value: object): unknown {
    return {
      type: value.constructor.name,
      version: objVersion(value),
      changes: objWhatChanged(value).sort(),
      fields: { ...value },
    };
  }

  @RpcMethod()
  rename(@RpcArg('vnf') vnf: Vnf, @RpcArg('name') name: string): Vnf {
    vnf.name = name;
    return vnf;
  }

  @RpcMethod()
  list(): VnfList {
    return made(VnfList, { objects: [made(Vnf, { id: UUID, ports: new Set([1]) })] });
  }

  @RpcMethod()
  make(@RpcArg('name') name: string): object {
    return name === 'Behind' ? made(Behind, { name: 'b' }) : new OnlyHere();
  }
}

export const serializerOf = (namespace: string, versions: Record<string, string> = {}) =>
  new RequestContextSerializer(new VersionedObjectSerializer({ namespace, versions }));
export const namespaces: Record<Exclude<PythonSerializer, 'context'>, string> = {
  tacker: 'tacker',
  nova: 'nova',
  neutron: 'versionedobjects',
};
