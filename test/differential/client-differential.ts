import fc from 'fast-check';
import {
  getRpcClient,
  getRpcTransport,
  RemoteError,
  RemoteException,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import type { PythonPeer } from '../support/python-peer.js';
import { type Capture, CapturingServer } from './capturing-server.js';
import { type ClientPlan, clientPlan, pythonRequest } from './client-request.js';
import { compareCaptures, compareOutcomes, type Outcome } from './compare-clients.js';
import { plainOf, readTree, treeOf, writeTree } from './json-tree.js';
import type { Finding, RunOptions } from './server-differential.js';

/** The counterpart of Python's class of that name. */
@RemoteException({ module: 'differential' })
class Rebuilt extends Error {
  readonly args: unknown[];

  constructor(...args: unknown[]) {
    super();
    this.args = args;
  }
}

/** Number of requests of each client in flight at a time. */
const AT_ONCE = 16;

/** Has Python's client and ours send the same requests, and returns all in which messages and outcomes differed. */
export async function compareClientsOn(
  url: string,
  python: PythonPeer,
  topic: string,
  { runs, seed, only }: RunOptions,
  progress: (done: number) => void = () => undefined,
): Promise<Finding[]> {
  const plans = fc.sample(clientPlan, { numRuns: runs, seed });
  const server = await CapturingServer.open(url, topic, (request) => plans[Number(request.split('/')[1])]?.answer);
  const transport = getRpcTransport({ transportUrl: url, allowedRemoteExmods: ['differential'] });
  const findings: Finding[] = [];
  try {
    const waiting = [...plans.keys()].filter((index) => only === undefined || index === only);
    let done = 0;
    const work = async () => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
        const plan = plans[index] as ClientPlan;
        findings.push(...(await compareOne(plan, index, { server, transport, python, topic })));
        if (++done % 500 === 0) progress(done);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return findings;
  } finally {
    await transport.cleanup();
    await server.close();
  }
}

interface Stage {
  server: CapturingServer;
  transport: Transport;
  python: PythonPeer;
  topic: string;
}

async function compareOne(plan: ClientPlan, index: number, stage: Stage): Promise<Finding[]> {
  const { server, topic, python } = stage;
  const [theirs, own] = await Promise.all([
    askPython(python, pythonRequest(plan, topic, `python/${index}`)),
    askOurs(stage, plan, `ours/${index}`),
  ]);
  const captures: [Capture, Capture] = [
    await server.captured(`python/${index}`),
    await server.captured(`ours/${index}`),
  ];
  const request = `client #${index}: ${writeTree(treeOf({ ...plan, args: undefined, context: undefined, answer: plan.answer.form }), true)}`;
  return [...compareCaptures(...captures), ...compareOutcomes(theirs, own, plan.answer.failure)].map((difference) => ({
    ...difference,
    peer: 'client',
    request,
  }));
}

async function askPython(python: PythonPeer, text: string): Promise<Outcome> {
  const outcome = await python.differentialRequest(text);
  return 'result' in outcome ? { result: readTree(outcome.result) } : { error: readTree(outcome.error) };
}

async function askOurs({ transport, topic }: Stage, plan: ClientPlan, request: string): Promise<Outcome> {
  const { call, server, fanout, namespace, version, timeout, callMonitorTimeout, method } = plan;
  const target = new Target({ exchange: 'tacker', topic, server, namespace, version, ...(fanout && { fanout }) });
  const client = getRpcClient(transport, target, { timeout, callMonitorTimeout });
  const [args, context] = [plan.args, [...plan.context, ['request', treeOf(request)] as const]].map((entries) =>
    Object.fromEntries(entries.map(([name, tree]) => [name, plainOf(tree)])),
  );
  try {
    return { result: treeOf(await client[call ? 'call' : 'cast'](context, method, args)) };
  } catch (error) {
    return { error: treeOf(describe(error)) };
  }
}

function describe(error: unknown): object {
  if (error instanceof RemoteError) {
    const { excType, value, traceback } = error;
    return { class: 'RemoteError', excType, value, traceback };
  }
  if (!(error instanceof Rebuilt)) return { class: 'unexpected', text: String(error) };
  const { message, args, remoteTraceback } = error as Rebuilt & { remoteTraceback: string[] };
  // Python puts the traceback into the text, we beside it.
  const text = [message, ...(remoteTraceback.length > 0 ? remoteTraceback : [''])].join('\n');
  return { class: 'Rebuilt_Remote', module: 'differential_Remote', text, args };
}
