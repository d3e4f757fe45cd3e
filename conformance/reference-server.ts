import 'reflect-metadata';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { type INestMicroservice, Module, ParseFloatPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Ctx } from '@nestjs/microservices';
import {
  OsloRpcContext,
  OsloServer,
  RemoteException,
  type RequestContext,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';

const { version } = createRequire(import.meta.url)('nestjs-oslo-messaging/package.json') as { version: string };

/** An exception of a module that callers may allow. */
@RemoteException({ module: 'conformance.reference' })
class Conflict extends Error {
  constructor(
    readonly args: unknown[],
    readonly kwargs: object,
  ) {
    super('conflict');
  }
}

const exceptions: Record<string, new (message: string) => Error> = {
  ValueError: RangeError,
  TypeError,
  Exception: Error,
};

/** The null namespace. */
@RpcEndpoint({ version: '1.5' })
class Reference {
  private readonly counts = new Map<string, number>();

  @RpcMethod()
  about(@Ctx() context: OsloRpcContext): object {
    return {
      implementation: `nestjs-oslo-messaging ${version}`,
      server: context.getTarget().server,
      lacks: {},
    };
  }

  @RpcMethod()
  echo(@RpcArgs() args: object): object {
    return args;
  }

  @RpcMethod()
  context(@RpcContext() context: RequestContext): object {
    return context.toDict();
  }

  @RpcMethod()
  add(@RpcArg('a', ParseFloatPipe) a: number, @RpcArg('b', ParseFloatPipe) b: number): number {
    return a + b;
  }

  @RpcMethod()
  nothing(): void {}

  @RpcMethod()
  nan(): number {
    return Number.NaN;
  }

  @RpcMethod()
  async slow(@RpcArg('seconds') seconds: number): Promise<number> {
    await sleep(seconds * 1000);
    return seconds;
  }

  @RpcMethod()
  count(@RpcArg('key') key: string): void {
    this.counts.set(key, this.counted(key) + 1);
  }

  @RpcMethod()
  counted(@RpcArg('key') key: string): number {
    return this.counts.get(key) ?? 0;
  }

  @RpcMethod()
  fail(@RpcArg('kind') kind: string, @RpcArg('message') message: string): never {
    throw new (exceptions[kind] ?? ReferenceError)(message);
  }

  @RpcMethod('fail_with_args')
  failWithArgs(@RpcArg('args') args: unknown[], @RpcArg('kwargs') kwargs: object): never {
    throw new Conflict(args, kwargs);
  }

  @RpcMethod({ name: 'fail_expected', expectedExceptions: [RangeError] })
  failExpected(@RpcArg('message') message: string): never {
    throw new RangeError(message);
  }

  _private(): string {
    return 'nobody may call this';
  }
}

/** A second namespace, with a version of its own. */
@RpcEndpoint({ namespace: 'reference', version: '2.3' })
class Namespaced {
  @RpcMethod()
  where(): string {
    return 'reference 2.3';
  }
}

@Module({ controllers: [Reference, Namespaced] })
class ReferenceModule {}

/** Address of a reference server. */
export interface ReferenceAddress {
  url: string;
  topic: string;
  server: string;
  exchange?: string | undefined;
}

/** The reference endpoints of docs/reference/conformance.md, on this library. Resolves when they can be called. */
export async function startReferenceServer({
  url,
  topic,
  server,
  exchange = 'tacker',
}: ReferenceAddress): Promise<INestMicroservice> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(ReferenceModule, {
    strategy: new OsloServer({
      transportUrl: url,
      topic,
      host: server,
      controlExchange: exchange,
      rpcPingEnabled: true,
    }),
    logger: false,
  });
  await app.listen();
  return app;
}
