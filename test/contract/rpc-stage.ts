import {
  expectedExceptions,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  RemoteException,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, describe } from 'vitest';
import { describeWithRabbit, rabbitUrl } from '../support/environment.js';
import { silent } from '../support/silent.js';

@RemoteException({ module: 'contract.exceptions', class: 'Missing' })
export class Missing extends Error {
  readonly args: unknown[];

  constructor(
    readonly id: string,
    readonly count: number,
  ) {
    super(`${id} is missing`);
    this.args = [id, count];
  }
}

export type Fields = ConstructorParameters<typeof Target>[0];

export type Args = Record<string, unknown>;

/** Version 1.5 of the null namespace; remembers what it got. */
export class Endpoint {
  readonly target = new Target({ version: '1.5' });
  readonly got: Args[] = [];
  field = 'no method';

  constructor(readonly name = 'a') {}

  echo(_ctxt: unknown, args: Args): unknown {
    return args.value;
  }

  typeOf(_ctxt: unknown, args: Args): string {
    return typeof args.value;
  }

  /** Returns nested lists of this depth. */
  deep(_ctxt: unknown, { levels }: { levels: number }): unknown {
    let value: unknown = [];
    for (let level = 1; level < levels; level++) value = [value];
    return value;
  }

  whoami(): string {
    return this.name;
  }

  context(ctxt: unknown): unknown {
    return ctxt;
  }

  record(_ctxt: unknown, args: Args): void {
    this.got.push(args);
  }

  never(): Promise<never> {
    return new Promise(() => undefined);
  }

  fail(_ctxt: unknown, args: Args): never {
    if (args.kind === 'missing') throw new Missing('v1', 2);
    throw new RangeError('out of range');
  }

  _hidden(): string {
    return 'never';
  }
}

/** Announces one of its errors. */
export class Lookup {
  @expectedExceptions(Missing)
  find(_ctxt: unknown, { id }: Args): never {
    if (id === 'v1') throw new Missing('v1', 2);
    throw new RangeError('out of range');
  }
}

export class Namespaced {
  readonly target = new Target({ namespace: 'ns', version: '2.3', acceptedNamespaces: ['old'] });

  where(): string {
    return 'ns 2.3';
  }
}

export const transports = [
  { name: 'memory', url: 'memory://', describe },
  { name: 'rabbit', url: rabbitUrl, describe: describeWithRabbit },
];

/** Transports, servers and clients of the tests of one engine. All are closed after each test. */
export function useRpc(url: string) {
  const open: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  function connect(options: OsloMessagingOptions = {}): Transport {
    const transport = getRpcTransport({
      transportUrl: url,
      rpcResponseTimeout: 10,
      drainTimeout: 0.2,
      logger: silent,
      allowedRemoteExmods: ['contract.exceptions'],
      ...options,
    });
    open.push(() => transport.cleanup());
    return transport;
  }

  async function serve(
    topic: string,
    server: string,
    endpoints: object[],
    options: { transport?: Transport } & Parameters<typeof getRpcServer>[3] = {},
  ): Promise<void> {
    const { transport = connect(), ...rest } = options;
    const running = await getRpcServer(transport, new Target({ topic, server }), endpoints, rest);
    await running.start();
    open.push(() => running.stop());
  }

  const clientOf = (topic: string, fields: Fields = {}) =>
    getRpcClient(connect(), new Target({ topic, version: '1.0', ...fields }));

  return { connect, serve, clientOf };
}
