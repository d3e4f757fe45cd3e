import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { Test } from '@nestjs/testing';
import {
  call,
  defineRpcApi,
  getRpcApiClient,
  getRpcTransport,
  OsloServer,
  RPCVersionCapError,
  RpcArg,
  RpcEndpoint,
  type RpcHandlers,
} from 'nestjs-oslo-messaging';
import { afterAll, expect, it } from 'vitest';
import { PYTHON } from '../../testkit/prerequisites.js';
import { isDenying, newestRoot, PERMITTED_QUERY, programOf, visibleTo } from '../../testkit/release.js';
import { Child } from '../support/child.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';
import { SteadyCaller } from '../support/steady-caller.js';

const topic = uniqueTopic('fleet');
const SCRIPTS = fileURLToPath(new URL('../support/python', import.meta.url));

interface Answer {
  readonly by: string;
  readonly cause: string | null;
}

/** Release 1.2. Servers of 1.0 do not know the cause. */
const fleetApi = defineRpcApi({
  topic,
  exchange: 'tacker',
  version: '1.2',
  versionAliases: { antelope: '1.0', caracal: '1.2' },
  methods: {
    heal: call<{ vnf_id: string; cause?: string }, Answer, '1.2' | '1.0'>({
      since: '1.2',
      fallback: { version: '1.0', args: ({ vnf_id }) => ({ vnf_id }) },
    }),
    causes: call<Record<never, never>, string[], '1.2'>({ since: '1.2' }),
  },
});
/** Release 1.0, as the old servers and clients in TypeScript have it. */
const oldApi = defineRpcApi({
  topic,
  exchange: 'tacker',
  version: '1.0',
  methods: { heal: call<{ vnf_id: string }, Answer>() },
});

@RpcEndpoint(oldApi)
class OldFleet implements RpcHandlers<typeof oldApi> {
  heal(@RpcArg('vnf_id') _vnfId: string): Answer {
    return { by: 'nest 1.0', cause: null };
  }
}

@RpcEndpoint(fleetApi)
class NewFleet implements RpcHandlers<typeof fleetApi> {
  heal(@RpcArg('vnf_id') _vnfId: string, @RpcArg('cause', { optional: true }) cause?: string): Answer {
    return { by: 'nest 1.2', cause: cause ?? null };
  }

  causes(): string[] {
    return ['drill'];
  }
}

const closing: (() => Promise<unknown>)[] = [];

async function startNest(endpoint: new () => object, host: string): Promise<() => Promise<void>> {
  const module = await Test.createTestingModule({ controllers: [endpoint] }).compile();
  const options = { transportUrl: rabbitUrl, host, rpcDiscoveryEnabled: true, logger: silent };
  const app = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
  closing.push(() => app.close());
  await app.listen();
  return () => app.close();
}

async function startPython(role: 'server' | 'caller', release: string): Promise<Child> {
  const url = isDenying ? `${rabbitUrl}?${PERMITTED_QUERY}` : rabbitUrl;
  const script = `${visibleTo(newestRoot, SCRIPTS)}/fleet.py`;
  const child = new Child(
    programOf(newestRoot, PYTHON, ['-u', script, role, url, topic, release], { PYTHONDONTWRITEBYTECODE: '1' }),
  );
  closing.push(() => child.stop());
  await child.prints(role === 'server' ? /^consuming$/m : /^calling$/m, 40_000);
  return child;
}

/** Ends a process of Python as a deployment does. One that stays says where it waits. */
async function drain(child: Child): Promise<void> {
  child.signal('SIGTERM');
  const late = setTimeout(() => child.signal('SIGABRT'), 40_000);
  const code = await child.exit();
  clearTimeout(late);
  expect(code, child.output).toBe(0);
}

/** Ends a caller in Python. Returns its counts. */
async function countsOf(child: Child): Promise<{ answered: Record<string, number>; failed: string[] }> {
  await drain(child);
  return JSON.parse(/^\{.*\}$/m.exec(child.output)?.[0] ?? '');
}

const transport = getRpcTransport({ transportUrl: rabbitUrl || 'memory://', rpcResponseTimeout: 10, logger: silent });

/** Causes that new servers got from callers in TypeScript. */
let causes = 0;

/** Caller in TypeScript. It always gives a cause, which an old server never gets. */
function callerOf(versionCap?: string): SteadyCaller {
  const client = getRpcApiClient(transport, fleetApi, { versionCap });
  const caller = new SteadyCaller(async () => {
    const { by, cause } = await client.heal({ vnf_id: 'v1', cause: 'drill' });
    if (cause !== null) causes += 1;
    return by;
  });
  closing.push(() => caller.close());
  return caller;
}

describeWithPython('a mixed fleet in a rolling upgrade', () => {
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    await transport.cleanup();
  });

  it('answers every call of old and new clients in both languages, while the caps follow the fleet', async () => {
    // The old release: a server and a caller of each language.
    const [oldPython, closeOldNest] = await Promise.all([startPython('server', '1.0'), startNest(OldFleet, 'old')]);
    const pythonCaller = await startPython('caller', '1.0');
    const capped = callerOf('antelope');
    await capped.hears(['python 1.0', 'nest 1.0']);

    // New servers join. A new client is capped by its configuration, or asks the servers.
    const [newPython] = await Promise.all([startPython('server', '1.2'), startNest(NewFleet, 'new')]);
    const all = ['python 1.0', 'nest 1.0', 'python 1.2', 'nest 1.2'];
    const auto = callerOf('auto');
    await Promise.all([capped.hears(all), auto.hears(all)]);
    expect(causes).toBe(0);
    const { causes: list } = getRpcApiClient(transport, fleetApi, { versionCap: 'auto' });
    await expect(list()).rejects.toBeInstanceOf(RPCVersionCapError);

    // Without a cap, the same calls fail at the old servers.
    const careless = callerOf();
    await eventually(() => expect(careless.failed.length).toBeGreaterThan(2));
    await careless.close();
    for (const error of careless.failed) expect(error).toMatchObject({ excType: 'UnsupportedVersion' });
    causes = 0;

    // The old servers are drained under load.
    await Promise.all([drain(oldPython), closeOldNest()]);
    const left = ['python 1.2', 'nest 1.2'];
    await Promise.all([capped.hears(left), auto.hears(left)]);
    expect(causes).toBe(0);

    // The caps are lifted.
    const lifted = callerOf('caracal');
    const newPythonCaller = await startPython('caller', '1.2');
    await lifted.hears(left);
    expect(causes).toBeGreaterThan(0);

    // The last server in Python is drained. From now on, all servers can say their version.
    await drain(newPython);
    causes = 0;
    await lifted.close();
    expect(await getRpcApiClient(transport, fleetApi, { versionCap: 'auto' }).causes()).toEqual(['drill']);
    const newAuto = callerOf('auto');
    await newAuto.hears(['nest 1.2']);
    expect(causes).toBeGreaterThan(0);

    const callers = [capped, auto, lifted, newAuto];
    await Promise.all(callers.map((caller) => caller.close()));
    const python = await Promise.all([countsOf(pythonCaller), countsOf(newPythonCaller)]);
    expect([...callers, ...python].flatMap(({ failed }) => failed)).toEqual([]);
    expect(Object.keys(python[0].answered).toSorted()).toEqual(all.toSorted());
    expect(Object.keys(python[1].answered).toSorted()).toEqual(left.toSorted());
    expect(Object.keys(lifted.answered).toSorted()).toEqual(left.toSorted());
  }, 120_000);
});
