// moleculer over its AMQP transporter with the broker's balancing, as its documentation shows. By default it prefetches
// one request and leaves Nagle's algorithm on. Both are set to the values of the other peers.
import { ServiceBroker } from 'moleculer';

const PREFETCH = 64;
const TIMEOUT = 60_000;

async function start({ url, topic }, role) {
  const broker = new ServiceBroker({
    namespace: topic,
    nodeID: role,
    logLevel: 'error',
    requestTimeout: TIMEOUT,
    disableBalancer: true,
    transporter: {
      type: 'AMQP',
      options: {
        url: url.replace(/^rabbit:/, 'amqp:').replace(/\/$/, ''),
        prefetch: PREFETCH,
        socketOptions: { noDelay: true },
        queueOptions: { durable: false, expires: 60_000 },
        exchangeOptions: { durable: false, autoDelete: true },
      },
    },
  });
  if (role === 'server') broker.createService({ name: 'bench', actions: { echo: ({ params }) => params } });
  await broker.start();
  return broker;
}

/** Repeats the first call: a service is announced before its queue exists, and requests until then are lost. */
async function firstAnswer(broker) {
  const until = Date.now() + TIMEOUT / 2;
  for (;;) {
    try {
      return await broker.call('bench.echo', {}, { timeout: 500 });
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

async function server(place) {
  await start(place, 'server');
}

async function client(place) {
  const broker = await start(place, 'client');
  await broker.waitForServices('bench', TIMEOUT);
  await firstAnswer(broker);
  return (args) => broker.call('bench.echo', args);
}

export const peers = { moleculer: { server, client } };
