import 'reflect-metadata';
import { Controller, Module, type Type } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import {
  call,
  cast,
  defineRpcApi,
  fields,
  NotificationEndpoint,
  NotificationPayload,
  OnNotification,
  OsloMessagingModule,
  type OsloMessagingOptions,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  type RpcHandlers,
  RpcMethod,
  VersionedField,
  VersionedObject,
  VersionedObjectSerializer,
} from 'nestjs-oslo-messaging';
import { z } from 'zod';

const Tree: z.ZodType<{ name: string; children: unknown[] }> = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});

/** API with schemas, of every kind of method. */
export const conductorApi = defineRpcApi({
  topic: 'conductor',
  version: '1.2',
  methods: {
    get: call({
      args: z.object({ vnf_id: z.uuid() }),
      result: z.object({ id: z.uuid(), state: z.enum(['ACTIVE', 'ERROR']) }),
      idempotent: true,
    }),
    instantiate: cast({ args: z.object({ vnf_id: z.string(), count: z.int().min(1).default(1) }), since: '1.1' }),
    refresh: cast<object>({ fanout: true }),
    reboot: call<{ host: string }, void>({ server: ({ host }) => host }),
    tree: call({ args: z.object({ root: Tree }), result: Tree, name: 'show_tree', since: '1.2' }),
  },
});

@RpcEndpoint(conductorApi)
class Conductor implements RpcHandlers<typeof conductorApi> {
  get({ vnf_id }: { vnf_id: string }) {
    return { id: vnf_id, state: 'ACTIVE' as const };
  }
  instantiate(): void {}
  refresh(): void {}
  reboot(@RpcArg('host') _host: string): void {}
  tree({ root }: { root: { name: string; children: unknown[] } }) {
    return root;
  }
}

export class Scaling {
  @IsString()
  vnf!: string;

  @IsInt()
  @Min(1)
  @Max(10)
  steps!: number;

  @IsOptional()
  @IsString()
  reason?: string;
}

@VersionedObject({ name: 'Vnf', version: '1.1' })
export class VnfObject {
  @VersionedField(fields.uuid())
  id!: string;

  @VersionedField(fields.listOf(fields.object(() => Port)))
  ports!: Port[];

  @VersionedField(fields.enum(['UP', 'DOWN']).nullable())
  state!: 'UP' | 'DOWN' | null;
}

@VersionedObject({ name: 'Port', version: '1.0' })
class Port {
  @VersionedField(fields.integer({ min: 1 }))
  number!: number;
}

@RpcEndpoint({ namespace: 'scaling', version: '2.3' })
class Scaler {
  @RpcMethod()
  scale(@RpcArgs() scaling: Scaling): string {
    return `${scaling.vnf} by ${scaling.steps}`;
  }

  @RpcMethod({ name: 'add' })
  sum(@RpcContext() _: object, @RpcArg('a') a: number, @RpcArg('b', { optional: true }) b?: number): number {
    return a + (b ?? 0);
  }

  @RpcMethod()
  store(@RpcArg('vnf') vnf: VnfObject): VnfObject {
    return vnf;
  }
}

@RpcEndpoint({ namespace: 'scaling', version: '1.4' })
class OldScaler {
  @RpcMethod()
  scale(@RpcArgs() args: object): object {
    return args;
  }
}

@Controller()
class Plain {
  @MessagePattern('status')
  status(): string {
    return 'up';
  }

  @EventPattern('stopped')
  stopped(_data: unknown): void {}
}

@NotificationEndpoint({ topics: ['vnf_events'], pool: 'audit', filter: { publisherId: /nfv\.\w+/ } })
class Auditor {
  @OnNotification({ eventType: ['vnf.create.*', /vnf\.(start|stop)$/], priority: ['info', 'error'] })
  changed(@NotificationPayload() _payload: VnfObject): void {}

  @OnNotification({ eventType: 'vnf.deleted', batch: { size: 10, timeout: '1s' } })
  deleted(@NotificationPayload() _payloads: object[]): void {}
}

/** Returns a module with endpoints of every kind. */
export function describedModule(options: OsloMessagingOptions): Type {
  @Module({
    imports: [
      OsloMessagingModule.forRoot({ topic: 'scaler', serializer: new VersionedObjectSerializer(), ...options }),
    ],
    controllers: [Conductor, Scaler, OldScaler, Plain, Auditor],
  })
  class DescribedModule {}
  return DescribedModule;
}
