import 'reflect-metadata';
import { type CanActivate, type ExecutionContext, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  getRpcClient,
  getRpcTransport,
  OsloServer,
  RequestContextSerializer,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';
import { silent } from '../support/silent.js';

/** Texts travel backwards. */
class Backwards extends RequestContextSerializer {
  override serializeEntity(_ctxt: unknown, entity: unknown): unknown {
    return typeof entity === 'string' ? [...entity].reverse().join('') : entity;
  }

  override deserializeEntity(ctxt: unknown, entity: unknown): unknown {
    return this.serializeEntity(ctxt, entity);
  }
}

/** Remembers the arguments as they came. */
class Watch implements CanActivate {
  static readonly seen: unknown[] = [];

  canActivate(context: ExecutionContext): boolean {
    Watch.seen.push(context.switchToRpc().getData());
    return true;
  }
}

@RpcEndpoint()
@UseGuards(Watch)
class Endpoint {
  @RpcMethod()
  greet(@RpcArg('name') name: string): string {
    return `hello ${name}`;
  }
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(serializer?: RequestContextSerializer) {
  const topic = uniqueTopic();
  const options = { transportUrl: 'memory://', topic, logger: silent, ...(serializer && { serializer }) };
  const module = await Test.createTestingModule({ controllers: [Endpoint] }).compile();
  const app = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
  await app.listen();
  const transport = getRpcTransport({ transportUrl: 'memory://' });
  closing.push(
    () => transport.cleanup(),
    () => app.close(),
  );
  // It sends and reads what is on the wire.
  const client = getRpcClient(transport, new Target({ topic }));
  return (name: string) => client.call({}, 'greet', { name });
}

describe("an endpoint's serializer", () => {
  it("is its own server's, whatever other servers of the class have", async () => {
    const plain = await serve();
    const backwards = await serve(new Backwards());
    const later = await serve();
    expect(await plain('abc')).toBe('hello abc');
    expect(await backwards('abc')).toBe('abc olleh');
    expect(await later('abc')).toBe('hello abc');
  });

  it('changes arguments behind the guards', async () => {
    const backwards = await serve(new Backwards());
    Watch.seen.length = 0;
    await backwards('abc');
    expect(Watch.seen).toEqual([{ name: 'abc' }]);
  });
});
