import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import {
  getRpcApiClient,
  getRpcTransport,
  InjectNotifier,
  InjectRpcApi,
  MessagingTimeout,
  Notifier,
  RPCVersionCapError,
  type RpcApiClient,
} from 'nestjs-oslo-messaging';
import { agentApi } from './agent-api.js';
import { type CappedConductor, conductorApi } from './conductor-api.js';
import type { Event } from './event-log.js';
import { options, requestContext } from './settings.js';
import { VnfNotFound } from './vnf.js';

/** Demonstrates the features of the library. Each step checks its result. */
@Injectable()
export class Tour {
  constructor(
    @InjectRpcApi(conductorApi) private readonly conductor: CappedConductor,
    @InjectRpcApi(agentApi) private readonly agents: RpcApiClient<typeof agentApi>,
    @InjectNotifier('tour') private readonly notifier: Notifier,
  ) {}

  /** Runs all steps. Returns the number of failed ones. */
  async run(url: string, hosts: readonly string[]): Promise<number> {
    const context = requestContext();
    const conductor = this.conductor.$prepare({ context });
    const agents = this.agents.$prepare({ context });
    let failed = 0;
    let vnfId = '';

    const step = async (title: string, body: () => Promise<string>): Promise<void> => {
      const start = performance.now();
      const [mark, result] = await body().then(
        (text) => ['✓', text],
        (error: unknown) => ['✗', `FAILED: ${error}`],
      );
      if (mark === '✗') failed += 1;
      const took = `${(performance.now() - start).toFixed(0)} ms`;
      console.log(`  ${mark} ${title.padEnd(24)} ${took.padStart(8)}  ${result}`);
    };
    const find = (id: string) => conductor.get({ vnf_id: id });
    const report = (server: string) => agents.report({}, { server });
    const events = async () => {
      const log = (await http('GET', `${url}/events?vnf=${vnfId}`)).body as Event[];
      return log.map(({ type }) => type);
    };
    const received = (event: string) => until(event, async () => (await events()).includes(event));
    const settled = () => until('the VNF is active', async () => (await find(vnfId)).state === 'ACTIVE');

    await step('cast, with progress', async () => {
      const answer = await http('POST', `${url}/vnfs`, { name: 'firewall' });
      vnfId = (answer.body as { id: string }).id;
      await received('vnf.active');
      return `POST /vnfs answered ${answer.status} at once; then ${(await events()).join(' → ')}`;
    });

    await step('call', async () => {
      const vnf = await find(vnfId);
      assert.equal(vnf.state, 'ACTIVE');
      return `get returned ${vnf.name}, ${vnf.state}, on ${vnf.host}`;
    });

    await step('fanout', async () => {
      await agents.takeInventory({ name: vnfId });
      await until('every agent took inventory', async () =>
        (await Promise.all(hosts.map(report))).every((it) => it.inventory === vnfId),
      );
      return `one take_inventory reached ${hosts.join(' and ')}`;
    });

    await step('call to a server by name', async () => {
      const names = (await Promise.all(hosts.map(report))).map((it) => it.host);
      assert.deepEqual(names, hosts);
      return `${names.join(' and ')} answered, each under its own name`;
    });

    await step('remote exception', async () => {
      const error = await rejection(find('no-such-vnf'));
      assert.ok(error instanceof VnfNotFound, `expected VnfNotFound, got ${error.name}`);
      assert.equal((error as { remote?: boolean }).remote, true);
      const { status } = await http('GET', `${url}/vnfs/no-such-vnf`);
      assert.equal(status, 404);
      return `rebuilt as the registered class: VnfNotFound "${error.message}" (HTTP ${status})`;
    });

    await step('version cap', async () => {
      // @ts-expect-error Property 'list' does not exist: it is of version 1.1, and this client is capped to 1.0.
      const error = await rejection(conductor.list());
      assert.ok(error instanceof RPCVersionCapError, `expected RPCVersionCapError, got ${error.name}`);
      assert.equal(conductor.$canSend('get'), true);
      return 'list, of version 1.1, refused without sending: the version cap of the client is 1.0';
    });

    await step('backed-off timeout', async () => {
      const transport = getRpcTransport(options({ rpcResponseTimeout: '1s' }));
      try {
        const client = getRpcApiClient(transport, conductorApi).$prepare({ context });
        const error = await rejection(client.slow({ seconds: 1.4 }));
        assert.ok(error instanceof MessagingTimeout, `expected MessagingTimeout, got ${error.name}`);
        const start = performance.now();
        const answer = await client.slow({ seconds: 1.4 });
        const waited = performance.now() - start;
        assert.ok(waited > 1000, `the second call took ${waited.toFixed(0)} ms`);
        return `timed out after 1 s; with twice the time, the same call ${answer}`;
      } finally {
        await transport.cleanup();
      }
    });

    await step('heal, scale, terminate', async () => {
      const vnf = `${url}/vnfs/${vnfId}`;
      assert.equal((await http('POST', `${vnf}/heal`)).status, 202);
      await received('vnf.healing');
      await settled();
      assert.equal((await http('POST', `${vnf}/scale`, { instances: 3 })).status, 202);
      await received('vnf.scaling');
      await settled();
      const { instances } = await find(vnfId);
      assert.equal(instances, 3);
      assert.equal((await http('DELETE', vnf)).status, 202);
      await until('the VNF is gone', async () => (await http('GET', vnf)).status === 404);
      return `healed, scaled to ${instances} instances, terminated, gone`;
    });

    await step('notification', async () => {
      const start = performance.now();
      await this.notifier.info(context, 'tour.done', { id: vnfId });
      const confirmed = performance.now() - start;
      await received('tour.done');
      return `tour.done confirmed after ${confirmed.toFixed(1)} ms, and received`;
    });

    await step('event log', async () => {
      const types = await events();
      const states = ['instantiating', 'active', 'healing', 'active', 'scaling', 'active', 'terminating', 'terminated'];
      assert.deepEqual(types, [...states.map((state) => `vnf.${state}`), 'tour.done']);
      return `GET /events lists all ${types.length} notifications about the VNF`;
    });

    return failed;
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 3000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within 3 s: ${what}`);
    await delay(10);
  }
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    (value) => new Error(`it succeeded: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  return outcome instanceof Error ? outcome : new Error(String(outcome));
}

async function http(method: string, url: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : null };
}
