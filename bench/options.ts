import { parseArgs } from 'node:util';
import { PARTS, type PartName } from './parts/parts.js';
import { MAIN_PEERS, PEER_NAMES, type PeerName, QUICK_PEERS } from './peers/peer.js';
import { CHECK, FULL, type Plan, QUICK } from './plan.js';

export interface BenchOptions {
  plan: Plan;
  parts: readonly PartName[];
  peers: readonly PeerName[];
  /** Compares with the stored ratios and stores none. */
  check: boolean;
  /** Writes charts and tables from the stored figures and measures nothing. */
  documents: boolean;
}

const QUICK_PARTS: readonly PartName[] = ['calls', 'notifications'];
const CHECKED_PARTS: readonly PartName[] = [...QUICK_PARTS, 'memory'];

export const USAGE = `npm run bench -- [--quick] [--parts LIST] | --check | --documents

  --quick        short rounds on the Node.js of this process; without --parts, only calls and notifications of the
                 peers that need no further installation: under 50 seconds
  --parts LIST   only these parts, separated by commas: ${PARTS.join(', ')}
  --check        fails when a ratio to the peers is more than 15 % below the stored one
  --documents    writes charts and tables from the stored figures and measures nothing

Without --quick, all peers run on Node.js 24 of test/runtimes, which is installed when it is first needed.
`;

/** Returns undefined for `--help`. */
export function parseOptions(args: string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      parts: { type: 'string' },
      check: { type: 'boolean', default: false },
      documents: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick, check, documents } = values;
  return {
    plan: check ? CHECK : quick ? QUICK : FULL,
    parts: partsOf(values.parts) ?? (check ? CHECKED_PARTS : quick ? QUICK_PARTS : PARTS),
    peers: check ? MAIN_PEERS : quick && !values.parts ? QUICK_PEERS : PEER_NAMES,
    check,
    documents,
  };
}

function partsOf(given: string | undefined): PartName[] | undefined {
  if (given === undefined) return undefined;
  const named = given.split(',');
  const unknown = named.filter((name) => !PARTS.some((it) => it === name));
  if (unknown.length > 0) throw new Error(`--parts: '${unknown.join(',')}' is not among ${PARTS.join(', ')}`);
  return PARTS.filter((name) => named.includes(name));
}
