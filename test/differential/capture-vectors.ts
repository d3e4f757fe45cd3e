import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { PYTHON } from '../../testkit/prerequisites.js';
import { RabbitNode } from '../../testkit/rabbit-node.js';
import { PythonPeer } from '../support/python-peer.js';
import { RawCaller, type RawMessage } from './raw-caller.js';

/** A real message, as it was on the wire. */
export interface Vector {
  kind: string;
  /** `captured` from the library named, or `built` from the description of the format. */
  origin: 'captured' | 'built';
  library: string;
  exchange: string;
  routingKey: string;
  properties: Record<string, unknown>;
  /** The body, as text; where it is compressed, in base64. */
  body?: string;
  base64?: string;
}

const FOLDER = 'test/vectors/rpc';
const NOTIFICATIONS = ['test/vectors/capture_notifications.py', 'test/vectors/notifications.json'] as const;
const TOPIC = 'vectors';
const SERVER = 'host1';
const CONTEXT = { user_id: 'u1', project_id: 'p1', roles: ['admin', 'member'], is_admin: true, request_id: 'req-1' };
const ARGS = { vnf_id: '5a3e8c1e', count: 3, ratio: 0.5, big: 2n ** 60n, text: 'ä😀', none: null, list: [1, 'a'] };

/** Captures the vectors anew from the installed library. The working directory is the repository's root. */
export async function captureVectors(): Promise<void> {
  const node = await RabbitNode.start();
  try {
    const vectors = [...(await captureRequests(node.url)), ...(await captureReplies(node.url)), ...legacyReply()];
    for (const compression of ['gzip', 'bzip2']) vectors.push(await captureCompressed(node.url, compression));
    await mkdir(FOLDER, { recursive: true });
    for (const vector of vectors) {
      await writeFile(`${FOLDER}/${vector.kind}.json`, `${JSON.stringify(vector, null, 2)}\n`);
      console.log(`${FOLDER}/${vector.kind}.json`);
    }
    const [script, file] = NOTIFICATIONS;
    await writeFile(file, execFileSync(PYTHON, [script, node.url], { maxBuffer: 2 ** 26 }));
    console.log(file);
  } finally {
    await node.stop();
  }
}

function vectorOf(kind: string, library: string, { body, ...message }: RawMessage): Vector {
  const text = body.toString('utf8').replaceAll(process.cwd(), '').replaceAll('/dist/differential/', '/');
  return { kind, origin: 'captured', library, ...message, body: text };
}

async function libraryOf(python: PythonPeer): Promise<string> {
  return `oslo.messaging ${await python.version()}`;
}

/** Requests of Python's client. */
async function captureRequests(url: string): Promise<Vector[]> {
  const python = await PythonPeer.start(url);
  const caller = await RawCaller.open(url);
  try {
    await caller.bind('tacker', 'topic', `${TOPIC}.#`);
    await caller.bind(`${TOPIC}_fanout`, 'fanout', '');
    const library = await libraryOf(python);
    const next = async (kind: string, send: Promise<unknown>) => {
      // A call has nobody to answer it.
      await send.catch(() => undefined);
      const raw = await caller.next();
      return vectorOf(kind, library, raw);
    };
    const request = { topic: TOPIC, method: 'heal', args: ARGS, context: CONTEXT, version: '1.2' };
    return [
      await next('call', python.call({ ...request, timeout: 1, namespace: 'nfv' })),
      await next('call-monitored', python.call({ ...request, timeout: 1, server: SERVER, callMonitorTimeout: 4 })),
      await next('cast', python.cast(request)),
      await next('fanout', python.cast({ ...request, fanout: true })),
    ];
  } finally {
    await caller.close();
    await python.stop();
  }
}

/** Replies of Python's server: a heartbeat, a result, failures. */
async function captureReplies(url: string): Promise<Vector[]> {
  const python = await PythonPeer.start(url);
  const caller = await RawCaller.open(url);
  try {
    await python.startServer({ topic: TOPIC, server: SERVER });
    const library = await libraryOf(python);
    const ask = (method: string, args: object) => {
      const ids = { _msg_id: 'a'.repeat(32), _reply_q: caller.replyQueue, _timeout: 2, _unique_id: method };
      const message = JSON.stringify({ method, args, ...ids });
      const body = JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': message });
      caller.publish('tacker', TOPIC, Buffer.from(body));
      return caller.next();
    };
    const heartbeat = vectorOf('heartbeat', library, await ask('slow', { seconds: 1.5 }));
    await caller.next();
    return [
      heartbeat,
      vectorOf('reply', library, await ask('echo', { ...ARGS, big: 7 })),
      vectorOf('failure', library, await ask('fail', { kind: 'VnfNotFound', message: 'no VNF ä' })),
      vectorOf('failure-with-keywords', library, await ask('fail_with_args', { args: ['a', 2], kwargs: { k: [1] } })),
    ];
  } finally {
    await caller.close();
    await python.stop();
  }
}

async function captureCompressed(url: string, compression: string): Promise<Vector> {
  const python = await PythonPeer.start(url, { config: { kombu_compression: compression } });
  const caller = await RawCaller.open(url);
  try {
    await caller.bind('tacker', 'topic', `${TOPIC}.#`);
    await python.cast({ topic: TOPIC, method: 'heal', args: ARGS, context: CONTEXT });
    const { body, ...message } = await caller.next();
    const library = await libraryOf(python);
    const kind = `compressed-${compression}`;
    return { kind, origin: 'captured', library, ...message, base64: body.toString('base64') };
  } finally {
    await caller.close();
    await python.stop();
  }
}

/** The installed library sends a result whole; older ones sent it and its end apart. */
function legacyReply(): Vector[] {
  const ids = { _msg_id: 'a'.repeat(32), _unique_id: 'b'.repeat(32) };
  const parts = {
    'legacy-reply-result': { result: { healed: true }, failure: null, ending: false, ...ids },
    'legacy-reply-ending': { result: null, failure: null, ending: true, ...ids, _unique_id: 'c'.repeat(32) },
  };
  return Object.entries(parts).map(([kind, message]) => ({
    kind,
    origin: 'built',
    library: 'oslo.messaging, older releases',
    exchange: '',
    routingKey: `reply_${'d'.repeat(32)}`,
    properties: {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: {},
      deliveryMode: 2,
      priority: 0,
    },
    body: JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) }),
  }));
}
