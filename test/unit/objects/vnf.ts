import { fields, VersionedField, VersionedObject, VersionedObjectSerializer } from 'nestjs-oslo-messaging';
import { expect } from 'vitest';

export class Persistent {
  @VersionedField(fields.dateTime().nullable(), { name: 'created_at' })
  createdAt?: Date | null;
}

@VersionedObject({ name: 'Part', version: '1.1' })
export class Part {
  @VersionedField(fields.integer({ min: 0 }))
  size!: number;
}

@VersionedObject({ version: '1.0' })
export class Owner {
  @VersionedField(fields.object(Part).readOnly())
  one!: Part;

  @VersionedField(fields.listOf(fields.object(Part)).readOnly())
  list!: Part[];

  @VersionedField(fields.dictOf(fields.object(Part)).readOnly())
  named!: Record<string, Part>;
}

@VersionedObject({ version: '1.2' })
export class Vnf extends Persistent {
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

export const tacker = new VersionedObjectSerializer();

/** A serializer's output as it arrives at the other side. */
export const send = (entity: unknown, serializer = tacker) =>
  JSON.parse(JSON.stringify(serializer.serializeEntity({}, entity)));
export const receive = (entity: unknown, serializer = tacker) => serializer.deserializeEntity({}, entity);

export const primitive = (data: object = {}, changed: object = {}) => ({
  'tacker_object.name': 'Vnf',
  'tacker_object.namespace': 'tacker',
  'tacker_object.version': '1.2',
  'tacker_object.data': data,
  ...changed,
});
export const part = (size: unknown) => ({
  'tacker_object.name': 'Part',
  'tacker_object.namespace': 'tacker',
  'tacker_object.version': '1.1',
  'tacker_object.data': { size },
});
export const load = (data: object = {}, changed: object = {}): Vnf => receive(primitive(data, changed)) as Vnf;
export const made = (values: Partial<Vnf>): Vnf => Object.assign(new Vnf(), values);

export function refusal(action: () => unknown): unknown {
  try {
    return expect.fail(`gave ${String(action())}`);
  } catch (error) {
    return error;
  }
}
