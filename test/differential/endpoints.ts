import { setTimeout as sleep } from 'node:timers/promises';
import type { Type } from '@nestjs/common';
import {
  expectedExceptions,
  RemoteException,
  type RequestContext,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  type RpcEndpointOptions,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { treeOf, writeTree } from './json-tree.js';

type Dict = Record<string, unknown>;
type Method = (args: Dict, context: Dict) => unknown;

/** The counterpart of Python's class of that name. */
@RemoteException({ module: 'differential' })
class Described extends Error {
  constructor(
    message: string,
    readonly args: unknown[],
    readonly kwargs: Dict,
  ) {
    super(message);
  }
}

class Unmapped extends Error {}

/** JavaScript's counterparts of Python's builtins. */
const kinds: Record<string, new (message?: string) => Error> = { Exception: Error, TypeError, ValueError: RangeError };

function raise(args: Dict, ...message: string[]): never {
  throw new (kinds[String(args.kind)] ?? Error)(...message);
}

const main: Record<string, Method> = {
  echo: (args) => args,
  give: (args) => args.value,
  nothing: () => undefined,
  context: (_args, context) => context,
  slow: (args) => sleep(Number(args.seconds) * 1000),
  fail: (args) => raise(args, String(args.message)),
  fail_bare: (args) => raise(args),
  fail_expected: (args) => raise(args, String(args.message)),
  fail_unmapped: (args) => {
    throw new Unmapped(String(args.message));
  },
  fail_mapped: (args) => {
    throw new Described(String(args.message), args.args as unknown[], args.kwargs as Dict);
  },
};
const expected = { fail_expected: [TypeError, RangeError] };

/** Arguments of Python's methods, in the order of their parameters. Others take any. */
const NAMED: Record<string, readonly string[]> = {
  give: ['value'],
  nothing: [],
  context: [],
  slow: ['seconds'],
  fail: ['kind', 'message'],
  fail_bare: ['kind'],
  fail_expected: ['kind', 'message'],
  fail_unmapped: ['message'],
  fail_mapped: ['message', 'args', 'kwargs'],
  where: [],
  only_default: [],
};

interface Interface {
  /** Name of Python's class. */
  name: string;
  target: RpcEndpointOptions;
  methods: Record<string, Method>;
  expected?: Record<string, (new () => Error)[]>;
}

/** Endpoints of differential.py, in its order. */
const INTERFACES: Interface[] = [
  { name: 'Main', target: { version: '1.5' }, methods: main, expected },
  {
    name: 'Where',
    target: { namespace: 'current', version: '1.1', acceptedNamespaces: ['old', undefined] },
    methods: { where: () => 'current 1.1' },
  },
  { name: 'Where', target: { namespace: 'current', version: '2.3.1' }, methods: { where: () => 'current 2.3.1' } },
  { name: 'Unversioned', target: {}, methods: { echo: () => 'unversioned', only_default: () => 'unversioned' } },
];

/** Executions by request id: the contexts of the handlers, as JSON text. */
export class Executions {
  private entries: Record<string, string[]> = {};
  private total = 0;

  add(context: Dict): void {
    const id = String(context.request);
    this.entries[id] ??= [];
    this.entries[id].push(writeTree(treeOf(context), true));
    this.total++;
  }

  get count(): number {
    return this.total;
  }

  take(): Record<string, string[]> {
    const { entries } = this;
    this.entries = {};
    this.total = 0;
    return entries;
  }
}

/** Plain endpoints, as `getRpcServer` takes them. */
export function plainEndpoints(executions: Executions): object[] {
  return INTERFACES.map(({ target, methods, expected = {} }) => {
    const endpoint: Dict = { target: new Target(target), note: 'not a method', _private: () => 'never' };
    for (const [name, method] of Object.entries(methods)) {
      const value = (context: Dict, args: Dict) => {
        executions.add(context);
        return method(args, context);
      };
      expectedExceptions(...(expected[name] ?? []))(endpoint, name, { value });
      endpoint[name] = value;
    }
    return endpoint;
  });
}

/** The same as Nest controllers, whose methods name their arguments where Python's do. */
export function controllers(executions: Executions): Type[] {
  return INTERFACES.map(({ name: className, target, methods, expected = {} }) => {
    class Endpoint {}
    Object.defineProperty(Endpoint, 'name', { value: className });
    for (const [name, method] of Object.entries(methods)) {
      const names = NAMED[name];
      const value = (context: RequestContext, ...given: unknown[]) => {
        executions.add(context.toDict());
        const args = names ? Object.fromEntries(names.map((key, index) => [key, given[index]])) : (given[0] as Dict);
        return method(args, context.toDict());
      };
      // No parameter has a default value.
      Object.defineProperty(value, 'length', { value: 1 + (names?.length ?? 1) });
      const descriptor = { value, writable: true, configurable: true };
      Object.defineProperty(Endpoint.prototype, name, descriptor);
      RpcContext()(Endpoint.prototype, name, 0);
      if (!names) RpcArgs()(Endpoint.prototype, name, 1);
      names?.forEach((key, index) => {
        RpcArg(key)(Endpoint.prototype, name, index + 1);
      });
      RpcMethod({ expectedExceptions: expected[name] ?? [] })(Endpoint.prototype, name, descriptor);
    }
    RpcEndpoint(target)(Endpoint);
    return Endpoint;
  });
}
