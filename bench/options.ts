import { parseArgs } from 'node:util';
import { PARTS, type PartName } from './parts/parts.js';
import { MAIN_PEERS, PEER_NAMES, type PeerName, QUICK_PEERS } from './peers/peer.js';
import { CHECK, FULL, QUICK } from './plan.js';

export type BenchOptions = NonNullable<ReturnType<typeof parseOptions>>;

const QUICK_PARTS: readonly PartName[] = ['calls', 'notifications'];
const CHECKED_PARTS: readonly PartName[] = [...QUICK_PARTS, 'payload', 'overload', 'memory', 'floors', 'start'];

export const USAGE = `npm run bench -- [--quick] [--parts LIST] | --check | --documents

  --quick        short rounds on the Node.js of this process; without --parts, only calls and notifications of the
                 peers that need no further installation: under 50 seconds
  --parts LIST   only these parts, separated by commas: ${PARTS.join(', ')}
  --check        fails when a ratio to the peers is more than 15 % below the stored one
  --documents    writes charts and tables from the stored figures and measures nothing

Without --quick, all peers run on Node.js 24 of test/runtimes, which is installed when it is first needed.
`;

/** Returns undefined for `--help`. */
export function parseOptions(args: string[]) {
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
  const { quick, check, documents, help } = values;
  if (help) return undefined;
  const named = values.parts?.split(',');
  const unknown = named?.filter((name) => !PARTS.some((it) => it === name)) ?? [];
  if (unknown.length > 0) throw new Error(`--parts: '${unknown.join(',')}' is not among ${PARTS.join(', ')}`);
  const parts = named ? PARTS.filter((name) => named.includes(name)) : quick ? QUICK_PARTS : PARTS;
  const peers: readonly PeerName[] = quick && !named ? QUICK_PEERS : PEER_NAMES;
  const chosen = { plan: quick ? QUICK : FULL, parts, peers, check, documents };
  return check ? { ...chosen, plan: CHECK, parts: named ? parts : CHECKED_PARTS, peers: MAIN_PEERS } : chosen;
}
