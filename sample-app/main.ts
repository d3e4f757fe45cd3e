import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { startAgent, startApi, startConductor } from './roles.js';
import { transportUrl } from './settings.js';
import { Tour } from './tour.js';
import { Traffic } from './traffic.js';

const AGENT_HOSTS = ['agent-1', 'agent-2'];
const USAGE = 'usage: main.js [api | conductor | agent] [--once]';

/** Started applications, to be closed in the opposite order. */
const open: { close(): Promise<unknown> }[] = [];

async function keep<T extends { close(): Promise<unknown> }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  open.push(started);
  return started;
}

async function closeAll(): Promise<void> {
  for (let next = open.pop(); next; next = open.pop()) await next.close();
}

const port = () => Number(process.env.PORT || 3000);

async function serveApi(onPort = port()): Promise<{ api: INestApplication; url: string }> {
  const api = await keep(startApi(onPort));
  return { api, url: await api.getUrl() };
}

const roles: Record<string, () => Promise<string>> = {
  api: async () => {
    const { api, url } = await serveApi();
    api.get(Traffic).start();
    return `api: ${url}/vnfs and ${url}/events; its page: ${url}/rpc`;
  },
  conductor: async () => {
    await keep(startConductor());
    return 'conductor: consuming';
  },
  agent: async () => {
    const host = process.env.AGENT_HOST || 'agent-1';
    await keep(startAgent(host));
    return `${host}: consuming`;
  },
};

/** Starts all roles in this process and runs the tour. Then serves, unless it is to run once. */
async function tour(once: boolean): Promise<void> {
  for (const host of AGENT_HOSTS) await keep(startAgent(host));
  await keep(startConductor());
  const { api, url } = await serveApi(once ? 0 : port());
  console.log(`NFV orchestrator on ${transportUrl.split(':')[0]}: api, conductor, ${AGENT_HOSTS.join(', ')}\n`);

  const start = performance.now();
  const failed = await api.get(Tour).run(url, AGENT_HOSTS);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`\n${failed === 0 ? 'All of it worked' : `${failed} steps FAILED`}, in ${seconds} s.`);
  if (failed > 0) process.exitCode = 1;
  if (once) return closeAll();
  api.get(Traffic).start();
  console.log(
    `Serving ${url}/vnfs; try: curl -X POST ${url}/vnfs -H 'content-type: application/json' -d '{"name":"nat"}', then: curl ${url}/events`,
  );
  console.log(`Simulated users call it; watch them, and call it yourself, at ${url}/rpc`);
}

async function main(args: string[]): Promise<void> {
  const once = args.includes('--once');
  const [role, ...rest] = args.filter((arg) => arg !== '--once');
  if (rest.length > 0) throw new Error(USAGE);
  if (role === undefined) return tour(once);
  const start = Object.hasOwn(roles, role) ? roles[role] : undefined;
  if (!start) throw new Error(USAGE);
  if (transportUrl.startsWith('memory')) {
    throw new Error('Separate processes need a broker: set TRANSPORT_URL, as in rabbit://guest:guest@localhost:5672/');
  }
  console.log(await start());
}

async function fail(error: unknown): Promise<void> {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
  await closeAll();
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void closeAll().catch(fail));
await main(process.argv.slice(2)).catch(fail);
