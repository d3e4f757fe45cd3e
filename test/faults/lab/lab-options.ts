import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { DeliveryMode } from 'nestjs-oslo-messaging';
import { clusterFaults } from './cluster-faults.js';
import type { Fault } from './fault.js';

export const USAGE = `npm run chaos -- [--minutes N] [--seed S] [--rate N] [--broker RELEASE] [--faults LIST]
                 [--delivery MODE] [--config LINE]... [--keep FOLDER]

  --minutes N       how long faults are made (20)
  --seed S          makes the same choices again; without it, they are new ones
  --rate N          calls a second, in all; casts are two fifths of it (500; with --faults 60)
  --broker RELEASE  RabbitMQ of Debian's "trixie" or "sid", installed below a temporary folder, or of the release in a
                    folder; as root (this machine's)
  --faults LIST     each of these faults of a cluster once, in this order, instead of faults at random; separated by
                    commas, or "all"
  --delivery MODE   at-most-once or at-least-once alone (both)
  --config LINE     a further line of rabbitmq.conf, for every node; may be repeated
  --keep FOLDER     leaves the journals and the output of all processes below this folder

Faults of a cluster: ${clusterFaults.map(({ name }) => name).join(', ')}.

Two thirds of the time go to a single node behind TCP proxies, one third to a cluster of three nodes. Ends with the
reconciled ledger, and with exit code 0 only if it is in order.
`;

const MODES: readonly DeliveryMode[] = ['at-most-once', 'at-least-once'];

export interface LabOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  /** Faults to run once each; undefined for faults at random. */
  readonly faults: readonly Fault[] | undefined;
  /** The only delivery mode; undefined for both. */
  readonly delivery: DeliveryMode | undefined;
  /** Further lines of rabbitmq.conf. */
  readonly config: readonly string[];
  /** Folder for the journals and outputs; undefined to delete them. */
  readonly keep: string | undefined;
}

/** Returns undefined when help is wanted. The command itself has evaluated `--broker` before. */
export function parseOptions(args: readonly string[]): LabOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(randomInt(1, 2 ** 31)) },
      rate: { type: 'string' },
      broker: { type: 'string' },
      faults: { type: 'string' },
      delivery: { type: 'string' },
      config: { type: 'string', multiple: true, default: [] },
      keep: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { minutes, seed, rate, faults, delivery, config, keep } = values;
  return {
    minutes: positive('minutes', minutes),
    seed: positive('seed', seed),
    rate: positive('rate', rate ?? (faults === undefined ? '500' : '60')),
    faults: faults === undefined ? undefined : faultsNamed(faults),
    delivery: delivery === undefined ? undefined : modeNamed(delivery),
    config,
    keep,
  };
}

function faultsNamed(list: string): readonly Fault[] {
  if (list === 'all') return clusterFaults;
  return list.split(',').map((text) => {
    const name = text.trim();
    const fault = clusterFaults.find((one) => one.name === name);
    const known = clusterFaults.map((one) => one.name).join(', ');
    if (!fault) throw new Error(`--faults: expected "all" or some of: ${known}; got ${name}`);
    return fault;
  });
}

function modeNamed(text: string): DeliveryMode {
  const mode = MODES.find((one) => one === text);
  if (!mode) throw new Error(`--delivery: expected ${MODES.join(' or ')}; got ${text}`);
  return mode;
}

function positive(name: string, text: string): number {
  if (!/^\d{1,10}(\.\d+)?$/.test(text) || Number(text) === 0) {
    throw new Error(`--${name}: expected a number above 0; got ${text}`);
  }
  return Number(text);
}
