import { fields, VersionedField, VersionedObject, VersionedObjectSerializer } from 'nestjs-oslo-messaging';
import { expect } from 'vitest';

export class Persistent {
  @VersionedField(fields.dateTime().nullable(), { name: 'created_at' })
  createdAt?: Date | null;
}

@VersionedObject({ name: 'Layer', version: '1.1' })
export class Layer {
  @VersionedField(fields.integer({ min: 0 }))
  size!: number;
}

@VersionedObject({ version: '1.0' })
export class Owner {
  @VersionedField(fields.object(Layer).readOnly())
  one!: Layer;

  @VersionedField(fields.listOf(fields.object(Layer)).readOnly())
  list!: Layer[];

  @VersionedField(fields.dictOf(fields.object(Layer)).readOnly())
  named!: Record<string, Layer>;
}

@VersionedObject({ version: '1.2' })
export class Stack extends Persistent {
  @VersionedField(fields.uuid().readOnly())
  id!: string;

  @VersionedField(fields.string().nullable())
  name?: string | null;

  @VersionedField(fields.enum(['ACTIVE', 'ERROR']).default('ACTIVE'))
  status?: 'ACTIVE' | 'ERROR';

  @VersionedField(fields.object(Layer).nullable())
  main?: Layer | null;

  @VersionedField(fields.listOf(fields.object(() => Layer)))
  parts?: Layer[];

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

  @VersionedField(fields.object(() => Stack))
  parent?: Stack;

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
  'tacker_object.name': 'Stack',
  'tacker_object.namespace': 'tacker',
  'tacker_object.version': '1.2',
  'tacker_object.data': data,
  ...changed,
});
export const part = (size: unknown) => ({
  'tacker_object.name': 'Layer',
  'tacker_object.namespace': 'tacker',
  'tacker_object.version': '1.1',
  'tacker_object.data': { size },
});
export const load = (data: object = {}, changed: object = {}): Stack => receive(primitive(data, changed)) as Stack;
export const made = (values: Partial<Stack>): Stack => Object.assign(new Stack(), values);

export function refusal(action: () => unknown): unknown {
  try {
    return expect.fail(`gave ${String(action())}`);
  } catch (error) {
    return error;
  }
}
