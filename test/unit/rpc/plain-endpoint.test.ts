import { describe, expect, it } from 'vitest';
import { NoSuchMethod } from '../../../lib/core/errors.js';
import { readRequest } from '../../../lib/core/rpc-message.js';
import { Target } from '../../../lib/core/target.js';
import type { IncomingRequest } from '../../../lib/drivers/driver.js';
import { NoOpSerializer } from '../../../lib/messaging/serializer.js';
import { DefaultRPCAccessPolicy, LegacyRPCAccessPolicy } from '../../../lib/rpc/access-policy.js';
import { MethodTable } from '../../../lib/rpc/method-table.js';
import { addEndpoint, type Endpoint } from '../../../lib/rpc/plain-endpoint.js';

const target = (version?: string, namespace?: string) => new Target({ version, namespace });

describe('addEndpoint', () => {
  class Base {
    inherited() {
      return 'inherited';
    }
    hidden() {
      return 'hidden';
    }
  }
  class Conductor extends Base {
    readonly field = 'a text';
    readonly arrow = (_ctxt: unknown, { n }: { n: number }) => n + 1;
    _private() {
      return 'private';
    }
  }
  Object.defineProperty(Conductor.prototype, 'hidden', { get: () => expect.fail('read an accessor') });

  const names = ['inherited', 'hidden', 'field', 'arrow', '_private', 'constructor', 'toString', 'target'];
  const methodsOf = (table: MethodTable) => names.filter((name) => table.has(name));

  it('adds own and inherited methods that the policy allows', () => {
    const table = new MethodTable();
    addEndpoint(table, new Conductor() as unknown as Endpoint, new DefaultRPCAccessPolicy(), new NoOpSerializer());
    expect(methodsOf(table)).toEqual(['inherited', 'arrow']);
    const legacy = new MethodTable();
    addEndpoint(legacy, new Conductor() as unknown as Endpoint, new LegacyRPCAccessPolicy(), new NoOpSerializer());
    expect(methodsOf(legacy)).toEqual(['inherited', 'arrow', '_private']);
  });

  it('calls a method on its endpoint with context and arguments', async () => {
    const table = new MethodTable();
    const endpoint = {
      target: target('1.1', 'ns'),
      step: 5,
      add(this: { step: number }, ctxt: { user: string }, { n }: { n: number }) {
        return `${ctxt.user} ${n + this.step}`;
      },
    };
    addEndpoint(table, endpoint as unknown as Endpoint, new DefaultRPCAccessPolicy(), new NoOpSerializer());
    const request = readRequest({ method: 'add', args: { n: 1 }, _context_user: 'u1' });
    const found = table.lookup({ namespace: 'ns', version: '1.1', method: 'add' });
    expect(found?.handler).toBe('Object.add');
    expect(await found?.handle({ request } as IncomingRequest, target())).toBe('u1 6');
    expect(found?.readContext?.(request)).toEqual({ user: 'u1' });
  });

  it('serves the version of an endpoint without allowed methods', () => {
    const table = new MethodTable();
    const endpoint = { target: target('2.0', 'ns'), _run: () => 1 };
    addEndpoint(table, endpoint as unknown as Endpoint, new DefaultRPCAccessPolicy(), new NoOpSerializer());
    expect(table.refusalOf({ namespace: 'ns', version: '2.0', method: 'run' })).toBeInstanceOf(NoSuchMethod);
  });

  it('refuses a target that is no Target', () => {
    const add = (endpoint: object) =>
      addEndpoint(new MethodTable(), endpoint as Endpoint, new DefaultRPCAccessPolicy(), new NoOpSerializer());
    expect(() => add({ target: { version: '1.0' } })).toThrow(/Object: 'target' is reserved/);
    expect(() => add({ target: null })).not.toThrow();
  });
});
