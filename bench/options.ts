import { parseArgs } from 'node:util';
import { PEERS, type PeerName } from './peer.js';
import { FULL, type Plan, QUICK } from './plan.js';

export interface BenchOptions {
  plan: Plan;
  peers: PeerName[];
  checkGoals: boolean;
}

export const USAGE = `npm run bench -- [--quick] [--peers ${PEERS.join(',')}] [--check-goals]

  --quick        under 50 seconds: fewer and shorter rounds
  --peers LIST   only these peers, separated by commas
  --check-goals  an unmet goal is a failure
`;

/** Undefined when help was asked for. */
export function parseOptions(args: string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      peers: { type: 'string', default: PEERS.join(',') },
      'check-goals': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const named = values.peers.split(',');
  const unknown = named.filter((name) => !PEERS.some((peer) => peer === name));
  if (unknown.length > 0) throw new Error(`--peers: '${unknown.join(',')}' is not among ${PEERS.join(', ')}`);
  return {
    plan: values.quick ? QUICK : FULL,
    peers: PEERS.filter((peer) => named.includes(peer)),
    checkGoals: values['check-goals'],
  };
}
