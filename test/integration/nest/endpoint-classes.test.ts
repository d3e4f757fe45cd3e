import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  getRpcServer,
  getRpcTransport,
  NotificationEndpoint,
  OnNotification,
  OsloMessagingModule,
  OsloServer,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { LogRecorder } from '../../support/log-recorder.js';

@RpcEndpoint()
class Served {
  @RpcMethod()
  run(): string {
    return 'served';
  }
}

@RpcEndpoint({ namespace: 'misplaced' })
class Misplaced extends Served {}

@RpcEndpoint({ topic: 'forgotten' })
class Forgotten {
  run(): void {}
}

@NotificationEndpoint()
class WithoutHandlers {}

/** Exposes something, though its base class does not. */
@RpcEndpoint({ namespace: 'mended' })
class Mended extends Forgotten {
  @RpcMethod()
  override run(): void {}
}

@Controller()
class Bare extends Served {
  override run(): string {
    return 'bare';
  }
}

@Controller()
class WithObjectPatterns {
  @MessagePattern({ cmd: 'sum' })
  sum(): void {}

  @EventPattern({ cmd: 'stop' })
  stop(): void {}
}

/** Nest serves it as a controller, but its methods belong to no endpoint. */
@Controller()
class Undecorated {
  @RpcMethod()
  run(): void {}

  @RpcMethod('other')
  walk(): void {}

  @OnNotification()
  hear(): void {}
}

class UndecoratedProvider {
  @RpcMethod()
  run(): void {}
}

@NotificationEndpoint()
class WrongKind {
  @OnNotification()
  hear(): void {}

  @RpcMethod()
  run(): void {}
}

abstract class Base {
  @RpcMethod()
  abstract_(): void {}
}

@RpcEndpoint({ namespace: 'derived' })
class Derived extends Base {
  override abstract_(): void {}
}

/** Its inherited method is served, the one that it adds is not. */
@Controller()
class Adding extends Served {
  @RpcMethod()
  added(): void {}
}

class Shared {
  @RpcMethod()
  ping(): void {}
}

@RpcEndpoint({ namespace: 'inheriting' })
class Inheriting extends Shared {}

class Using extends Shared {}

class Changing extends Shared {
  override ping(): void {}
}

async function warnings(controllers: (new () => object)[], providers: (new () => object)[] = []) {
  const logger = new LogRecorder();
  const topic = uniqueTopic();
  @Module({ controllers, providers })
  class Domain {}
  const imports = [OsloMessagingModule.forRoot({ transportUrl: `memory://${topic}/`, topic, logger }), Domain];
  const module = await Test.createTestingModule({ imports }).compile();
  const app = module.createNestMicroservice({ strategy: module.get(OsloServer), logger: false });
  await app.listen();
  await app.close();
  return logger.messages(/./, 'warn');
}

it('logs no warning about endpoints that are served', async () => {
  expect(await warnings([Served, Mended])).toEqual([]);
  expect(await warnings([Served], [Served])).toEqual([]);
  // Their methods are served as those of the endpoint that inherits them.
  expect(await warnings([Inheriting], [Shared, Using])).toEqual([]);
});

it('warns of an endpoint in the providers', async () => {
  const lines = await warnings([Served], [Misplaced]);
  expect(lines).toEqual([
    'Misplaced has @RpcEndpoint but serves nothing: it is listed in the providers of Domain. List it in "controllers"',
  ]);
});

it('warns of a plain handler with an object as its pattern', async () => {
  expect(await warnings([Served, WithObjectPatterns])).toEqual([
    expect.stringMatching(/^@MessagePattern\(\{"cmd":"sum"\}\) answers only to .* Use a method name/),
    expect.stringMatching(/^@EventPattern\(\{"cmd":"stop"\}\) answers only to .* Use a method name/),
  ]);
});

it('warns of a topic, a server or a class without any exposed method', async () => {
  expect(await warnings([])).toEqual([expect.stringMatching(/^No method is exposed on <Target .*"controllers"/)]);
  expect(await warnings([Served, Forgotten, WithoutHandlers])).toEqual([
    'Forgotten exposes nothing: none of its methods has @RpcMethod',
    'WithoutHandlers exposes nothing: none of its methods has @OnNotification',
  ]);
  const logger = new LogRecorder();
  const transport = getRpcTransport({ transportUrl: 'memory://bare/', logger, rpcPingEnabled: true });
  const server = getRpcServer(transport, new Target({ topic: 't', server: 's' }), [{ _private: () => 1 }]);
  await server.start();
  expect(logger.messages(/^No method is exposed on <Target topic=t, server=s>/, 'warn')).toHaveLength(1);
  await server.stop();
  await transport.cleanup();
});

it('warns of exposed methods of a class that is no endpoint', async () => {
  expect(await warnings([Served, Undecorated], [UndecoratedProvider])).toEqual([
    'Undecorated.run, Undecorated.walk have @RpcMethod but are not served: Undecorated has no @RpcEndpoint. Add @RpcEndpoint() to the class',
    'Undecorated.hear has @OnNotification but is not served: Undecorated has no @NotificationEndpoint. Add @NotificationEndpoint() to the class',
    'UndecoratedProvider.run has @RpcMethod but is not served: UndecoratedProvider has no @RpcEndpoint. Add @RpcEndpoint() to the class',
  ]);
  expect(await warnings([Served, WrongKind])).toEqual([
    'WrongKind.run has @RpcMethod but is not served: WrongKind has no @RpcEndpoint. Add @RpcEndpoint() to the class',
  ]);
  expect(await warnings([Inheriting], [Changing])).toEqual([expect.stringMatching(/^Changing\.ping has @RpcMethod/)]);
  expect(await warnings([Derived, Adding])).toEqual([
    'Adding.added has @RpcMethod but is not served: Adding has no @RpcEndpoint. Add @RpcEndpoint() to the class',
  ]);
});

it('warns of overrides that Nest drops, since their class is no endpoint', async () => {
  expect(await warnings([Bare])).toEqual(
    expect.arrayContaining([expect.stringMatching(/^Bare overrides run of an endpoint class but is none itself/)]),
  );
});
