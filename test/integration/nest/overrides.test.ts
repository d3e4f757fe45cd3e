import 'reflect-metadata';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  UseGuards,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { IsString } from 'class-validator';
import {
  ConfigurationError,
  expectedExceptions,
  expose,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  NotificationEndpoint,
  NotificationPayload,
  Notifier,
  OnNotification,
  OsloServer,
  RemoteError,
  RpcArg,
  RpcArgs,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(...controllers: (new () => object)[]) {
  const topic = uniqueTopic();
  const options = { transportUrl: `memory://${topic}/`, topic, logger: silent };
  const module = await Test.createTestingModule({ controllers }).compile();
  const server = new OsloServer(options);
  const app = module.createNestMicroservice({ strategy: server, logger: false });
  await app.listen();
  closing.push(() => app.close());
  const client = getRpcClient(server.unwrap(), new Target({ topic }), { timeout: 5 });
  const call = (method: string, args: object = {}, namespace?: string) =>
    client.prepare({ namespace }).call({}, method, args).catch(failureOf);
  return { app, server, call };
}

const failureOf = (error: unknown) =>
  error instanceof RemoteError ? `${error.excType}: ${error.value}` : Promise.reject(error);

class Nobody implements CanActivate {
  canActivate(_context: ExecutionContext): boolean {
    return false;
  }
}

class Sought {
  @IsString()
  name!: string;
}

class Base {
  @RpcMethod()
  remove(@RpcArg('id') id: string): string {
    return `base ${id}`;
  }

  @RpcMethod('wire_name')
  renamed(): string {
    return 'base';
  }

  @RpcMethod()
  kept(): string {
    return 'base';
  }

  @RpcMethod()
  @UseGuards(Nobody)
  guarded(): string {
    return 'base';
  }

  @RpcMethod()
  @UsePipes(new ValidationPipe())
  find(@RpcArgs() sought: Sought): string {
    return `base ${sought.name}`;
  }
}

class Middle extends Base {
  override kept(): string {
    return `middle over ${super.kept()}`;
  }
}

@RpcEndpoint()
class Sub extends Middle {
  override remove(id: string): string {
    if (id === 'precious') throw new RangeError('not this one');
    return `sub over ${super.remove(id)}`;
  }

  override renamed(): string {
    return 'sub';
  }

  override guarded(): string {
    return 'sub';
  }

  override find(sought: Sought): string {
    return `sub ${sought.name}`;
  }
}

@RpcEndpoint({ namespace: 'other' })
class Other extends Middle {
  @RpcMethod('anew')
  override renamed(): string {
    return 'other';
  }

  @RpcMethod()
  override guarded(): string {
    return 'other';
  }
}

describe('an override', () => {
  it('runs within the process', () => {
    expect(() => new Sub().remove('precious')).toThrow('not this one');
    expect([new Sub().remove('x'), new Sub().renamed(), new Sub().kept()]).toEqual([
      'sub over base x',
      'sub',
      'middle over base',
    ]);
    expect([new Middle().kept(), new Base().remove('x')]).toEqual(['middle over base', 'base x']);
  });

  it('runs over RPC with the name, the arguments and the checks of the overridden method', async () => {
    const { call } = await serve(Sub, Other);
    expect(await call('remove', { id: 'x' })).toBe('sub over base x');
    expect(await call('remove', { id: 'precious' })).toBe('ValueError: not this one');
    expect(await call('wire_name')).toBe('sub');
    expect(await call('renamed')).toMatch(/^NoSuchMethod/);
    expect(await call('kept')).toBe('middle over base');
    expect(await call('guarded')).toMatch(/Forbidden/);
    expect(await call('find', { name: 'n' })).toBe('sub n');
    expect(await call('find', { name: 1 })).toMatch(/^BadRequestException/);
  });

  it('runs for the pattern of the overridden method', async () => {
    class Base {
      @MessagePattern('plain')
      plain(@Payload() args: { id: string }): string {
        return `base ${args.id}`;
      }
    }
    class Middle extends Base {
      override plain(args: { id: string }): string {
        return `middle over ${super.plain(args)}`;
      }
    }
    @RpcEndpoint()
    class Sub extends Middle {}
    const { call } = await serve(Sub);
    expect(await call('plain', { id: 'x' })).toBe('middle over base x');
  });

  it('uses its own decorators, if it has any', async () => {
    const { call } = await serve(Sub, Other);
    expect(await call('anew', {}, 'other')).toBe('other');
    expect(await call('wire_name', {}, 'other')).toMatch(/^NoSuchMethod/);
    expect(await call('guarded', {}, 'other')).toBe('other');
    expect(await call('remove', { id: 'x' }, 'other')).toBe('base x');
  });

  it('is called if both classes are endpoints', async () => {
    @RpcEndpoint({ namespace: 'parent' })
    class Parent {
      @RpcMethod()
      run(): string {
        return 'parent';
      }
    }
    @RpcEndpoint({ namespace: 'child' })
    class Child extends Parent {
      override run(): string {
        return `child of ${super.run()}`;
      }
    }
    const { call } = await serve(Parent, Child);
    expect(await call('run', {}, 'parent')).toBe('parent');
    expect(await call('run', {}, 'child')).toBe('child of parent');
  });

  it('exposes no method if it is an accessor', async () => {
    class Hiding extends Base {}
    Object.defineProperty(Hiding.prototype, 'remove', { get: () => () => 'hidden', configurable: true });
    RpcEndpoint()(Hiding);
    const { call } = await serve(Hiding);
    expect((new Hiding().remove as () => string)()).toBe('hidden');
    expect(await call('remove', { id: 'x' })).toMatch(/^NoSuchMethod/);
    expect(await call('kept')).toBe('base');
  });

  it('may be a field of the instance that hides a method', async () => {
    @RpcEndpoint()
    class Assigned extends Base {
      override kept = () => 'field';
    }
    const { call } = await serve(Assigned);
    expect(await call('kept')).toBe('field');
  });

  it('handles notifications', async () => {
    const taken: string[] = [];
    class Base {
      @OnNotification({ priority: 'info' })
      onInfo(@NotificationPayload() payload: string): void {
        taken.push(`base ${payload}`);
      }
    }
    @NotificationEndpoint()
    class Sub extends Base {
      override onInfo(payload: string): void {
        taken.push(`sub ${payload}`);
      }
    }
    new Sub().onInfo('direct');
    const { app, server } = await serve(Sub);
    const notifier = new Notifier(server.unwrap(), { driver: 'messagingv2', topics: ['notifications'] });
    await notifier.info({}, 'event', 'sent');
    await app.close();
    expect(taken).toEqual(['sub direct', 'sub sent']);
  });

  it('is called by name in a plain endpoint, and not read if it is an accessor', async () => {
    class Plain {
      run(): string {
        return 'base';
      }
      hidden(): string {
        return 'base';
      }
    }
    class Derived extends Plain {
      override run(): string {
        return 'derived';
      }
    }
    let read = 0;
    Object.defineProperty(Derived.prototype, 'hidden', { get: () => ++read });
    const transport = getRpcTransport({ transportUrl: `memory://${uniqueTopic()}/`, logger: silent });
    closing.push(() => transport.cleanup());
    const server = getRpcServer(transport, new Target({ topic: 't', server: 's' }), [new Derived()]);
    await server.start();
    const call = (method: string) => getRpcClient(transport, new Target({ topic: 't' })).call({}, method);
    expect(await call('run')).toBe('derived');
    await expect(call('hidden')).rejects.toMatchObject({ excType: 'NoSuchMethod' });
    expect(read).toBe(0);
  });
});

describe('a decorator refuses a method that can never be called', () => {
  const accessor = { get: () => 1 };
  const method = { value: () => 1 };
  it.each<[string, () => unknown, RegExp]>([
    ['a static method', () => RpcMethod()(Sub, 'x', method), /@RpcMethod on x: a static method/],
    ['a symbol', () => RpcMethod()(Sub.prototype, Symbol('odd'), method), /@RpcMethod on Symbol\(odd\): Nest serves/],
    ['an accessor', () => RpcMethod()(Sub.prototype, 'x', accessor), /@RpcMethod on x: only methods/],
    [
      'a notification accessor',
      () => OnNotification()(Sub.prototype, 'x', accessor as never),
      /@OnNotification on x: only/,
    ],
    [
      'an exposed accessor',
      () => expose()(Sub.prototype, 'x', accessor),
      /@expose on x: expected a method; got an accessor/,
    ],
    ['an expecting accessor', () => expectedExceptions()(Sub.prototype, 'x', accessor), /@expectedExceptions on x/],
  ])('%s', (_name, decorate, message) => {
    expect(decorate).toThrow(ConfigurationError);
    expect(decorate).toThrow(message);
  });
});

describe('a plain handler', () => {
  @Controller()
  class Plain {
    @MessagePattern('sum')
    sum(): string {
      return 'plain';
    }
  }
  const endpoint = (options: object) => {
    @RpcEndpoint(options)
    class Endpoint {
      @RpcMethod()
      sum(): string {
        return 'endpoint';
      }
    }
    return Endpoint;
  };

  const another = () => {
    @Controller()
    class Another extends Plain {}
    return Another;
  };

  it('is served beside an endpoint with a method of its name', async () => {
    const { call } = await serve(endpoint({ namespace: 'ns' }), endpoint({ version: '1.4' }), Plain);
    expect(await call('sum')).toBe('plain');
    expect(await call('sum', {}, 'ns')).toBe('endpoint');
  });

  it.each<[string, () => new () => object, RegExp]>([
    ['an endpoint of its target', () => endpoint({}), /@MessagePattern\("sum"\) and Endpoint\.sum/],
    ['one that accepts its namespace', () => endpoint({ namespace: 'x', acceptedNamespaces: [undefined] }), /\(null\)/],
    ['another of its name', another, /@MessagePattern\("sum"\) and @MessagePattern\("sum"\)/],
  ])('is refused beside %s', async (_name, other, message) => {
    const refused = await serve(other(), Plain).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigurationError);
    expect(String(refused)).toMatch(message);
  });
});
