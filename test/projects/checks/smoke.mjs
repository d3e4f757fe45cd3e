// A consumer without a compiler: decorators are applied as the functions that they are.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ConfigurationError,
  getNotificationTransport,
  NotificationEndpoint,
  NotificationMetadata,
  NotificationPayload,
  Notifier,
  OnNotification,
  OsloClientProxy,
  OsloMessagingHealth,
  OsloMessagingModule,
  OsloMessagingTransports,
  OsloServer,
  RemoteError,
  RemoteException,
  RemoteExceptionFilter,
  RpcArg,
  RpcArgs,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { firstValueFrom } from 'rxjs';

function decorate(target, method, parameters, decorator = RpcMethod()) {
  for (const [index, parameter] of parameters.entries()) parameter(target.prototype, method, index);
  const types = parameters.map(() => Object);
  Reflect.defineMetadata('design:paramtypes', types, target.prototype, method);
  decorator(target.prototype, method, Object.getOwnPropertyDescriptor(target.prototype, method));
}

class VnfNotFound extends Error {}
RemoteException({ module: 'tacker.common.exceptions', class: 'VnfNotFound' })(VnfNotFound);

class Unmapped extends Error {}

class Calculator {
  add({ a, b }) {
    return a + b;
  }

  greet(name) {
    return `hello ${name}`;
  }

  lose() {
    throw new VnfNotFound('v1');
  }

  fail() {
    throw new Unmapped('no mapping');
  }
}
decorate(Calculator, 'add', [RpcArgs()]);
decorate(Calculator, 'greet', [RpcArg('name')]);
decorate(Calculator, 'lose', []);
decorate(Calculator, 'fail', []);
RpcEndpoint({})(Calculator);

const heard = [];

class EventLog {
  on(payload, eventType) {
    heard.push([eventType, payload]);
  }

  many(payloads) {
    heard.push(payloads);
  }
}
const eventType = NotificationMetadata('eventType');
decorate(EventLog, 'on', [NotificationPayload(), eventType], OnNotification({ eventType: 'vnf.*' }));
decorate(EventLog, 'many', [NotificationPayload()], OnNotification({ priority: 'sample', batch: { size: 2 } }));
NotificationEndpoint({ topics: ['events'] })(EventLog);

class AppModule {}
Module({ controllers: [Calculator, EventLog] })(AppModule);

const options = {
  transportUrl: 'memory://',
  topic: 't',
  rpcResponseTimeout: 5,
  allowedRemoteExmods: ['tacker.common.exceptions'],
};
const app = await NestFactory.createMicroservice(AppModule, { strategy: new OsloServer(options), logger: false });
await app.listen();
const client = new OsloClientProxy(options);
const call = (pattern, args) => firstValueFrom(client.send(pattern, args));

assert.equal(await call('add', { a: 2, b: 3 }), 5);
assert.equal(await call({ method: 'greet' }, { name: 'Nest' }), 'hello Nest');
await assert.rejects(call('lose', {}), (error) => error instanceof VnfNotFound && error.message === 'v1');
await assert.rejects(call('fail', {}), (error) => error instanceof RemoteError && error.excType === 'Unmapped');

const transport = getNotificationTransport(options);
const notifier = new Notifier(transport, { topics: ['events'] });
await notifier.info({}, 'vnf.create', 1);
await notifier.info({}, 'ns.create', 2);
for (const value of [3, 4]) await notifier.sample({}, 'cpu', value);
const deadline = performance.now() + 5000;
while (heard.length < 2 && performance.now() < deadline) await setTimeout(10);

// The contract of a ClientProxy.
await Promise.all([client.connect(), client.connect()]);
assert.equal(await firstValueFrom(client.status), 'connected');
assert.throws(() => client.on('error', () => undefined), ConfigurationError);
assert.equal(await firstValueFrom(client.emit('greet', { name: 'Nest' })), undefined);
assert.equal(client.unwrap().health().status, 'connected');

// Without any platform for HTTP.
const answered = [];
const response = {
  status: (status) => answered.push(status),
  header: () => undefined,
  send: (text) => answered.push(JSON.parse(text)),
};
const host = { getType: () => 'http', switchToHttp: () => ({ getRequest: () => ({}), getResponse: () => response }) };
new RemoteExceptionFilter({ VnfNotFound: 404 }).catch(new VnfNotFound('v1'), host);
assert.deepEqual(answered, [404, { message: 'v1', error: 'Not Found', statusCode: 404 }]);

class Options {
  createOsloMessagingOptions() {
    return { ...options, topic: 'by class' };
  }
}
class AsyncModule {}
Module({ imports: [OsloMessagingModule.forRootAsync({ useClass: Options })] })(AsyncModule);
const context = await NestFactory.createApplicationContext(AsyncModule, { logger: false });
assert.equal(context.get(OsloMessagingTransports).rpc.settings.topic, 'by class');
assert.equal(context.get(OsloMessagingHealth).check().healthy, true);
await context.close();
assert.equal(context.get(OsloMessagingHealth).check().healthy, false);

await client.close();
await app.close();
await transport.cleanup();
assert.deepEqual(heard, [
  ['vnf.create', 1],
  [3, 4],
]);
console.log('ok');
