import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import {
  type BackingOffClient,
  fields,
  getRpcClientToken,
  OsloMessagingModule,
  OsloServer,
  objWhatChanged,
  RequestContext,
  RequestContextSerializer,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
  VersionedField,
  VersionedObject,
  VersionedObjectSerializer,
} from 'nestjs-oslo-messaging';

@VersionedObject({ version: '1.1' })
class VnfResource {
  @VersionedField(fields.integer({ min: 0 }))
  size!: number;
}

@VersionedObject({ name: 'Vnf', version: '1.2' })
class Vnf {
  @VersionedField(fields.uuid().readOnly())
  id!: string;

  @VersionedField(fields.string().nullable())
  name!: string | null;

  @VersionedField(fields.dateTime(), { name: 'created_at' })
  createdAt!: Date;

  @VersionedField(fields.listOf(fields.object(VnfResource)))
  resources!: VnfResource[];
}

@RpcEndpoint({ version: '1.0' })
class Conductor {
  @RpcMethod()
  rename(@RpcArg('vnf') vnf: Vnf, @RpcArg('name') name: string): Vnf {
    vnf.name = name; // an instance came in, and one goes out
    return vnf;
  }
}

const options = {
  topic: 'conductor',
  serializer: new RequestContextSerializer(new VersionedObjectSerializer({ namespace: 'tacker' })),
};

@Module({
  imports: [OsloMessagingModule.forRoot(options), OsloMessagingModule.forFeature([{ target: { topic: 'conductor' } }])],
  controllers: [Conductor],
})
class AppModule {}

const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { strategy: new OsloServer(options) });
await app.listen();
const client = app.get<BackingOffClient>(getRpcClientToken('conductor'));
const resources = [Object.assign(new VnfResource(), { size: 2 })];
const vnf = Object.assign(new Vnf(), {
  id: '7f5c1f4e-3f6b-4f0a-9a52-0d8d6f7b2c11',
  name: null,
  createdAt: new Date(),
  resources,
});
const renamed = await client.call<Vnf>(new RequestContext(), 'rename', { vnf, name: 'web' });
console.log(renamed instanceof Vnf, renamed.name, objWhatChanged(renamed)); // true web [ 'id', 'name', … ]
await app.close();
