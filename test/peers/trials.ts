import {
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  Notifier,
  RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { eventually } from '../support/eventually.js';
import { PythonPeer } from '../support/python-peer.js';
import { silent } from '../support/silent.js';

const TOPIC = 'topic';

/** Has this library serve calls, casts, fanouts and a notification. @throws whatever it reports */
export async function tryOurs(url: string): Promise<void> {
  await withServer(url, async (transport, heard) => {
    const client = new RPCClient(transport, new Target({ topic: TOPIC }));
    await client.call({}, 'echo', { n: 1 });
    await client.cast({}, 'note', { n: 2 });
    await client.prepare({ fanout: true }).cast({}, 'note', { n: 3 });
    await eventually(() => {
      if (heard.length < 2) throw new Error(`only ${heard.length} of a cast and a fanout arrived`);
    });
    const notifications = getNotificationTransport({ transportUrl: url, rpcResponseTimeout: '20s', logger: silent });
    try {
      await new Notifier(notifications, { publisherId: 'p', topics: ['events'] }).info({}, 'happened', {});
    } finally {
      await notifications.cleanup();
    }
  });
}

/**
 * Has Python serve with its own URL, and each language call the other.
 * @param signal ends a Python peer that tries for ever
 * @throws whatever either reports
 */
export async function tryPython(url: string, ourUrl: string, signal: AbortSignal): Promise<void> {
  const python = await PythonPeer.start(url, {
    bare: true,
    logLevel: 'CRITICAL',
    defaults: { rpc_response_timeout: 20 },
  });
  const giveUp = () => void python.kill();
  signal.addEventListener('abort', giveUp);
  try {
    await python.startServer({ topic: TOPIC, server: 'python' });
    await withServer(ourUrl, async (transport) => {
      const client = new RPCClient(transport, new Target({ topic: TOPIC, server: 'python' }));
      await client.call({}, 'echo', { n: 1 });
      await python.call({ topic: TOPIC, server: 'ours', method: 'echo', args: { n: 1 } });
    });
    await python.notify({ topic: 'events', publisherId: 'p', eventType: 'happened', payload: {}, retry: 0 });
  } finally {
    signal.removeEventListener('abort', giveUp);
    await python.kill();
  }
}

async function withServer(url: string, work: (transport: Transport, heard: object[]) => Promise<void>): Promise<void> {
  const transport = getRpcTransport({ transportUrl: url, rpcResponseTimeout: '20s', logger: silent });
  const heard: object[] = [];
  const endpoint = {
    echo: (_context: object, args: object) => args,
    note: (_context: object, args: object) => void heard.push(args),
  };
  const server = getRpcServer(transport, new Target({ topic: TOPIC, server: 'ours' }), [endpoint]);
  try {
    await server.start();
    await work(transport, heard);
  } finally {
    await server.stop();
    await transport.cleanup();
  }
}
