// Lines that must not compile. `test/types/types.test.ts` wants an error on each that follows a directive, and on no other.
import {
  fields,
  MessagingException,
  objVersion,
  VersionedField,
  VersionedObject,
  VersionedObjectSerializer,
} from 'nestjs-oslo-messaging';

export function nonsense(): void {
  // @ts-expect-error
  new VersionedObjectSerializer({ namespce: 'tacker' });
  // @ts-expect-error
  new VersionedObjectSerializer({ versions: ['1.0'] });
  // @ts-expect-error
  objVersion('Vnf');
  // @ts-expect-error
  fields.string().nullabe();
  // @ts-expect-error
  fields.string().default(5);
  // @ts-expect-error
  fields.string().default(null);
  // @ts-expect-error
  fields.integer({ minimum: 0 });
  // @ts-expect-error
  fields.integer({ min: '0' });
  // @ts-expect-error
  fields.float({ max: 1 });
  // @ts-expect-error
  fields.enum('ACTIVE');
  // @ts-expect-error
  fields.enum(['ACTIVE']).default('GONE');
  // @ts-expect-error
  fields.object({});
  // @ts-expect-error
  fields.object(MessagingException);
  // @ts-expect-error
  fields.object(Owner, { subclass: true });
  // @ts-expect-error
  fields.listOf(String);
  // @ts-expect-error
  fields.listOf(fields.integer()).default(['a']);
  // @ts-expect-error
  fields.dictOf(Owner);
  // @ts-expect-error
  VersionedField(String);
  // @ts-expect-error
  VersionedField(fields.string(), { nam: 'x' });
  // @ts-expect-error
  VersionedObject({});
  // @ts-expect-error
  VersionedObject({ version: 1 });
  // @ts-expect-error
  VersionedObject({ version: '1.0', nmae: 'Vnf' });
}

export class Owner {
  name = '';
}

export class Decorated {
  // @ts-expect-error
  @VersionedField(fields.string().nullable())
  name!: string;

  // @ts-expect-error
  @VersionedField(fields.string())
  size!: number;

  // @ts-expect-error
  @VersionedField(fields.enum(['ACTIVE', 'ERROR']))
  status!: 'ACTIVE';

  // @ts-expect-error
  @VersionedField(fields.enum(['ACTIVE', 'ERROR']))
  state!: 'ACTIVE' | 'ERROR' | 'GONE';

  // @ts-expect-error
  @VersionedField(fields.dateTime())
  createdAt!: string;

  // @ts-expect-error
  @VersionedField(fields.string())
  maybe!: string | null;

  // @ts-expect-error
  @VersionedField(fields.listOf(fields.string().nullable()))
  names!: string[];

  // @ts-expect-error
  @VersionedField(fields.listOf(fields.string()))
  set!: Set<string>;

  // @ts-expect-error
  @VersionedField(fields.dictOf(fields.integer()))
  sizes!: Record<string, string>;

  // @ts-expect-error
  @VersionedField(fields.object(Owner).nullable())
  owner!: Owner;

  // @ts-expect-error
  @VersionedField(fields.string())
  method(): string {
    return '';
  }
}

// @ts-expect-error
@VersionedObject({ version: '1.0' })
export class NeedsArguments {
  constructor(readonly name: string) {}
}
