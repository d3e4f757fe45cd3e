import { parseArgs } from 'node:util';
import { PARTS, type PartName } from './parts.js';
import { MAIN_PEERS, PEERS, type PeerName, QUICK_PEERS } from './peer.js';
import { CHECK, FULL, type Plan, QUICK } from './plan.js';

export interface BenchOptions {
  plan: Plan;
  parts: readonly PartName[];
  peers: readonly PeerName[];
  checkGoals: boolean;
  /** Compare with the stored ratios instead of writing any. */
  check: boolean;
  /** Measure nothing: make charts and tables anew from the stored figures. */
  documents: boolean;
}

const QUICK_PARTS: readonly PartName[] = ['calls', 'notifications'];
const CHECKED: readonly PartName[] = [...QUICK_PARTS, 'memory'];

export const USAGE = `npm run bench -- [--quick] [--parts LIST] [--peers LIST] [--check-goals] [--own-node] | --check | --documents

  --quick        short rounds; without --parts, calls and notifications of the peers that need no further
                 installation: under 50 seconds
  --parts LIST   only these parts, separated by commas: ${PARTS.join(', ')}
  --scale        --parts scale,processes
  --peers LIST   only these peers, separated by commas: ${PEERS.join(', ')}
  --check-goals  an unmet goal is a failure
  --check        fails when a ratio to the peers has fallen by more than 15 % since the stored ones
  --documents    measures nothing: makes the charts and tables anew from the stored figures
  --own-node     on the Node.js of this process, as --quick; otherwise on the one of test/runtimes, which is
                 installed when it is first needed
`;

/** Undefined when help was asked for. */
export function parseOptions(args: string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      parts: { type: 'string' },
      scale: { type: 'boolean', default: false },
      peers: { type: 'string' },
      'check-goals': { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      documents: { type: 'boolean', default: false },
      'own-node': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick, check } = values;
  const parts = values.scale ? 'scale,processes' : values.parts;
  return {
    plan: check ? CHECK : quick ? QUICK : FULL,
    parts: among('--parts', PARTS, parts) ?? (check ? CHECKED : quick ? QUICK_PARTS : PARTS),
    peers: among('--peers', PEERS, values.peers) ?? (check ? MAIN_PEERS : quick ? QUICK_PEERS : PEERS),
    checkGoals: values['check-goals'],
    check,
    documents: values.documents,
  };
}

function among<T extends string>(option: string, known: readonly T[], given: string | undefined): T[] | undefined {
  if (given === undefined) return undefined;
  const named = given.split(',');
  const unknown = named.filter((name) => !known.some((it) => it === name));
  if (unknown.length > 0) throw new Error(`${option}: '${unknown.join(',')}' is not among ${known.join(', ')}`);
  return known.filter((name) => named.includes(name));
}
