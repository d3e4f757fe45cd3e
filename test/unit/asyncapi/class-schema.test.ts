import 'reflect-metadata';
import { Type } from 'class-transformer';
import { ArrayMinSize, IsIn, IsInt, IsOptional, IsString, IsUUID, Length, ValidateNested } from 'class-validator';
import { fields, VersionedField, VersionedObject } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { ClassSchemas } from '../../../lib/asyncapi/class-schema.js';
import { SchemaBook } from '../../../lib/asyncapi/schema-book.js';

class Owner {
  @IsString()
  name!: string;
}

class Link {
  @IsUUID()
  id!: string;

  @IsInt({ each: true })
  @ArrayMinSize(1)
  vlans!: number[];

  @IsOptional()
  @ValidateNested()
  @Type(() => Owner)
  owner?: Owner;
}

class Port extends Link {
  @IsIn(['up', 'down'])
  state!: string;

  @Length(1, 8)
  @IsString()
  name!: string;
}

/** Metadata as `@ApiProperty` of @nestjs/swagger writes it. */
function apiProperty(given: object): PropertyDecorator {
  return (prototype, key) => {
    const names = (Reflect.getMetadata('swagger/apiModelPropertiesArray', prototype) ?? []) as string[];
    Reflect.defineMetadata('swagger/apiModelPropertiesArray', [...names, `:${String(key)}`], prototype);
    Reflect.defineMetadata('swagger/apiModelProperties', given, prototype, key);
  };
}

class Documented {
  @apiProperty({ type: String, required: true, description: 'Name', minLength: 2 })
  name!: string;

  @apiProperty({ type: () => Documented, isArray: true, required: false })
  children?: Documented[];

  @apiProperty({ type: 'integer', required: true, default: 3 })
  count!: number;

  size!: number;

  /** Metadata as the compiler plugin of @nestjs/swagger adds it. */
  static _OPENAPI_METADATA_FACTORY() {
    return { size: { required: false, type: () => Number, minimum: 1 }, name: { required: true, type: () => String } };
  }
}

@VersionedObject({ name: 'Disk', version: '1.2' })
class Disk {
  @VersionedField(fields.dictOf(fields.string()))
  labels!: Record<string, string>;

  @VersionedField(fields.float({ min: 0 }).nullable())
  size!: number | null;

  @VersionedField(fields.setOf(fields.boolean()))
  flags!: Set<boolean>;

  @VersionedField(fields.dateTime())
  since!: Date;

  @VersionedField(fields.object(() => Disk).nullable())
  parent!: Disk | null;

  @VersionedField(fields.any())
  extra!: unknown;
}

describe('the schema of a class', () => {
  const described = (type: unknown, spelling?: { namespace: string; prefix: string }) => {
    const book = new SchemaBook();
    return { schema: new ClassSchemas(book, spelling).of(type), all: book.all() };
  };

  it('is that of its validators, inherited ones included', () => {
    const { schema, all } = described(Port);
    expect(schema).toEqual({ $ref: '#/components/schemas/Port' });
    const link = {
      id: { type: 'string', format: 'uuid' },
      vlans: { type: 'array', minItems: 1, items: { type: 'integer' } },
      owner: { $ref: '#/components/schemas/Owner' },
    };
    expect(described(Link).all['Link']).toEqual({ type: 'object', required: ['id', 'vlans'], properties: link });
    expect(all['Owner']).toEqual({ type: 'object', required: ['name'], properties: { name: { type: 'string' } } });
    const { required, properties } = all['Port'] as { required: string[]; properties: object };
    expect(new Set(required)).toEqual(new Set(['state', 'name', 'id', 'vlans']));
    expect(properties).toEqual({
      ...link,
      state: { type: 'string', enum: ['up', 'down'] },
      name: { type: 'string', minLength: 1, maxLength: 8 },
    });
  });

  it('is that of its OpenAPI properties', () => {
    expect(described(Documented).all['Documented']).toEqual({
      type: 'object',
      required: ['name', 'count'],
      properties: {
        size: { type: 'number', minimum: 1 },
        name: { type: 'string', description: 'Name', minLength: 2 },
        children: { type: 'array', items: { $ref: '#/components/schemas/Documented' } },
        count: { type: 'integer', default: 3 },
      },
    });
  });

  it('is that of its versioned fields, on the wire or without a serializer', () => {
    const data = (name: string) => ({
      type: 'object',
      properties: {
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        size: { type: ['number', 'null'], minimum: 0 },
        flags: { type: 'array', items: { type: 'boolean' }, uniqueItems: true },
        since: { type: 'string', format: 'date-time' },
        parent: { oneOf: [{ $ref: `#/components/schemas/${name}` }, { type: 'null' }] },
        extra: {},
      },
    });
    expect(described(Disk).all['Disk']).toMatchObject(data('Disk'));
    const { all } = described(Disk, { namespace: 'nova', prefix: 'nova_object' });
    expect(all['Disk']).toMatchObject({
      required: ['nova_object.name', 'nova_object.namespace', 'nova_object.version', 'nova_object.data'],
      properties: { 'nova_object.name': { const: 'Disk' }, 'nova_object.data': data('Disk') },
    });
  });

  it('is a name where nothing else is known', () => {
    class Plain {}
    expect(described(Plain)).toEqual({ schema: { type: 'object', title: 'Plain' }, all: {} });
    expect([String, Number, Boolean, Array, Object, undefined].map((type) => described(type).schema)).toEqual([
      { type: 'string' },
      { type: 'number' },
      { type: 'boolean' },
      { type: 'array' },
      true,
      true,
    ]);
  });
});
