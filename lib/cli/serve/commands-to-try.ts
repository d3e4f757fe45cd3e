import { maskSecrets, shellWord } from '../../internal.js';
import type { DemonstrationOptions } from './demonstration-server.js';

type Served = Pick<
  DemonstrationOptions,
  'messaging' | 'topic' | 'exchange' | 'server' | 'delivery' | 'notifications' | 'delay' | 'errorRate'
>;

/** Returns the text that a server starts with: its names, its faults, and commands for another terminal. */
export function commandsToTry({ topic, exchange, server, delivery, notifications, delay, errorRate }: Served): string {
  const where = [
    `--topic ${shellWord(topic)}`,
    ...(exchange === 'tacker' ? [] : [`--exchange ${shellWord(exchange)}`]),
  ];
  const command = (name: string, rest = '') => `  oslo-rpc ${name} ${where.join(' ')}${rest}`;
  const faults = [
    ...(delay > 0 ? [`each request is delayed by ${delay} ms`] : []),
    ...(errorRate > 0 ? [`${Number((errorRate * 100).toPrecision(3))} % of the requests fail`] : []),
  ];
  const lines = [
    `Serving topic ${topic} on the exchange ${exchange} as ${server}${delivery === 'at-least-once' ? ', at least once' : ''}. Ctrl-C drains and ends`,
    ...(faults.length > 0 ? [`Faults: ${faults.join('; ')}`] : []),
    ...(notifications ? [`Receiving the notifications of topic ${topic}, which other listeners then do not get`] : []),
    'To try in another terminal, with the same --url or TRANSPORT_URL:',
    command('describe', ` --server ${shellWord(server)}`),
    command('call', ' add a=2 b=3'),
    command('call', ' divide a=1 b=0'),
    command('cast', ' sleep seconds=2'),
    command('bench', ' --for 5s'),
  ];
  return String(maskSecrets(lines.join('\n')));
}
