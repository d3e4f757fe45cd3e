// rabbitmq-client as its documentation shows RPC: confirmed requests, direct reply-to, acknowledged after the handler.
import { Connection } from 'rabbitmq-client';

const PREFETCH = 64;
const TIMEOUT = 60_000;

function connect(url) {
  const connection = new Connection({ url: url.replace(/^rabbit:/, 'amqp:').replace(/\/$/, ''), noDelay: true });
  connection.on('error', (error) => console.error('rabbitmq-client', error));
  return connection;
}

async function server({ url, topic }) {
  const connection = connect(url);
  const consumer = connection.createConsumer(
    { queue: topic, queueOptions: { durable: false }, qos: { prefetchCount: PREFETCH } },
    async (request, reply) => {
      await reply(request.body);
    },
  );
  consumer.on('error', (error) => console.error('rabbitmq-client', error));
  await new Promise((resolve) => consumer.once('ready', resolve));
}

async function client({ url, topic }) {
  const connection = connect(url);
  await connection.onConnect();
  const client = connection.createRPCClient({ confirm: true, timeout: TIMEOUT });
  return async (args) => (await client.send(topic, args)).body;
}

export const peers = { 'rabbitmq-client': { server, client } };
