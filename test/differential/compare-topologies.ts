import { getRpcClient, getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { isDenying, PERMITTED_QUERY } from '../../testkit/release.js';
import { BrokerInspector, type Controllable } from '../support/broker-inspector.js';
import type { PythonPeer } from '../support/python-peer.js';
import type { Finding } from './server-differential.js';

/** Declarations of the server and the client of one language. */
interface Names {
  language: string;
  replyQueue: string;
}

/**
 * Has a server and a client of each language declare what they need, and compares what RabbitMQ then has, row by row:
 * exchanges, queues and bindings, with the names that are each side's own made equal.
 */
export async function compareTopologiesOn(
  url: string,
  control: Controllable,
  python: PythonPeer,
  topic: string,
): Promise<Finding[]> {
  // Without options, ours would declare private queues of its own on a broker that denies transient ones.
  const transport = getRpcTransport({ transportUrl: isDenying ? `${url}?${PERMITTED_QUERY}` : url });
  const [theirs, own] = ['python', 'ours'].map((language) => ({
    exchange: `exchange-${topic}-${language}`,
    topic: `${topic}-${language}`,
    server: 'host1',
  })) as [Place, Place];
  const stoppable = await python.startServer({ ...theirs, endpoints: ['reference'] });
  const server = getRpcServer(transport, new Target(own), [{ record: () => undefined }]);
  try {
    await server.start();
    // Both clients call Python's server, which tells the reply queues; each casts to exchanges of its own.
    await python.call({ ...theirs, method: 'whoami', args: {}, context: {} });
    await getRpcClient(transport, new Target(theirs)).call({}, 'whoami');
    for (const exchange of [theirs.exchange, `unheard-${theirs.exchange}`]) {
      await python.cast({ topic: theirs.topic, exchange, method: 'record' });
    }
    for (const exchange of [own.exchange, `unheard-${own.exchange}`]) {
      await getRpcClient(transport, new Target({ topic: own.topic, exchange })).cast({}, 'record');
    }
    await python.cast({ topic: theirs.topic, fanout: true, method: 'record' });
    await getRpcClient(transport, new Target({ topic: own.topic, fanout: true })).cast({}, 'record');
    const [first, second] = (await python.receivedRpcs('whoami')).map(({ replyQueue }) => replyQueue);
    if (!first || !second) throw new Error('the calls named no reply queue');
    return await compareRows(new BrokerInspector(control), [
      { language: theirs.topic, replyQueue: first },
      { language: own.topic, replyQueue: second },
    ]);
  } finally {
    await server.stop();
    await transport.cleanup();
    await stoppable.stop();
  }
}

interface Place {
  exchange: string;
  topic: string;
  server: string;
}

async function compareRows(inspector: BrokerInspector, sides: [Names, Names]): Promise<Finding[]> {
  const queues = (await inspector.queues()).map(
    ({ messages, messages_ready, messages_unacknowledged, consumers, ...row }) =>
      // A quorum queue reports its consumers some seconds late.
      isDenying ? row : { ...row, consumers },
  );
  const tables = { exchanges: await inspector.exchanges(), queues, bindings: await inspector.bindings() };
  return Object.entries(tables).flatMap(([table, rows]) => {
    const [python, ours] = sides.map((side) => rowsOf(side, rows));
    if (!python?.length) throw new Error(`RabbitMQ shows no ${table} of Python's`);
    if (JSON.stringify(python) === JSON.stringify(ours)) return [];
    return [
      {
        rule: undefined,
        where: table,
        python: JSON.stringify(python),
        ours: JSON.stringify(ours),
        peer: 'topology',
        request: 'what server and client declare',
      },
    ];
  });
}

/** The rows that belong to a side, as text, with its own names made general. */
function rowsOf({ language, replyQueue }: Names, rows: object[]): string[] {
  return rows
    .map((row) => JSON.stringify(row))
    .filter((text) => text.includes(language) || text.includes(replyQueue))
    .map((text) => text.replaceAll(language, 'TOPIC').replaceAll(/[0-9a-f]{32}/g, 'ID'))
    .sort();
}
