import { withChannel } from '../../testkit/amqp.js';
import { type Broker, startBroker } from '../../testkit/broker.js';
import { ManagementApi } from '../support/management.js';
import { PythonPeer } from '../support/python-peer.js';
import { type OptionSet, optionSets } from './option-sets.js';
import { outcomeOf } from './outcome.js';
import { type Results, store } from './results.js';
import { tryOurs, tryPython } from './trials.js';

/** Tries each set of options on a broker of its own virtual hosts. The working directory is the repository's root. */
async function main(): Promise<void> {
  const broker = await startBroker({ plugins: ['rabbitmq_management'] });
  try {
    const name = await nameOf(broker);
    const management = new ManagementApi(broker);
    const results: Record<string, Results[string]> = {};
    for (const set of optionSets) {
      const found = await trial(set, management);
      results[set.query] = found;
      console.log(`${set.query || 'no options'}: ${found.ours ?? 'works'}; Python: ${found.python ?? 'works'}`);
    }
    await store(name, results, optionSets);
  } finally {
    await broker.stop();
  }
}

async function trial(set: OptionSet, management: ManagementApi): Promise<Results[string]> {
  const { query, alsoInPython, oursOnly = false } = set;
  const [own, shared] = [await management.addVhost(), await management.addVhost()];
  const ours = (await outcomeOf(() => tryOurs(`${own.url}?${query}`))) ?? null;
  if (oursOnly) return { ours };
  const theirs = [query, alsoInPython].filter(Boolean).join('&');
  const python = await outcomeOf((signal) => tryPython(`${shared.url}?${theirs}`, `${shared.url}?${query}`, signal));
  return { ours, python: python ?? null };
}

/** Version of the broker and its Python peers. */
async function nameOf({ url }: Broker): Promise<string> {
  const version = await withChannel(url, async ({ connection }) => {
    const { serverProperties } = connection as unknown as { serverProperties: { version: string } };
    return serverProperties.version;
  });
  const python = await PythonPeer.start(url);
  try {
    const nodes = url.split(',').length;
    return `RabbitMQ ${version}${nodes > 1 ? `, ${nodes} nodes` : ''}, oslo.messaging ${await python.version()}`;
  } finally {
    await python.stop();
  }
}

await main();
