// moleculer over its AMQP transporter with the broker's balancing, as its documentation has it. Its default takes one
// request at a time and leaves Nagle's algorithm on, with which it could not be compared at all: both are raised to what
// the others have.
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

/** A service is announced before its queue is there: what is sent until then is lost. */
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
  const broker = await start(place, 'server');
  return { close: () => broker.stop() };
}

async function client(place) {
  const broker = await start(place, 'client');
  await broker.waitForServices('bench', TIMEOUT);
  await firstAnswer(broker);
  return { call: (args) => broker.call('bench.echo', args), close: () => broker.stop() };
}

export const peers = { moleculer: { server, client } };
