import { dict, member, type Tree, textOf } from './json-tree.js';
import { failureClass, failureMessage, type Observation } from './observation.js';
import type { Request } from './request.js';

/** The names of the differences that docs/explanation/known-differences.md lists. */
export const KNOWN = [
  'arguments-by-name',
  'attributes',
  'builtins',
  'client-timeout',
  'deadlines',
  'depth',
  'duplicates',
  'heartbeats-after-a-failure',
  'integer-keys',
  'malformed-versions',
  'not-finite',
  'null-version',
  'refusals',
  'reply-queues',
  'whole-floats',
] as const;
export type Known = (typeof KNOWN)[number];

/** Observations of both peers for one request. */
export interface Pair {
  request: Request;
  python: Observation;
  ours: Observation;
}

/** A way in which a whole outcome may differ; what it explains is not compared further. */
export interface OutcomeRule {
  name: Known;
  explains(pair: Pair): boolean;
}

const VERSION = /^\d{1,9}(\.\d{1,9}){1,2}$/;
const NOT_A_METHOD = /object is not callable$|^Target\.__call__\(\) takes 1 positional argument/;
const SIGNATURE = /\(\) (missing \d+ required|got an unexpected keyword|got multiple values)/;

const memberOf = (request: Request, name: string): Tree | undefined => member(dict(request.message), name);
const ran = ({ contexts }: Observation) => contexts.length > 0;
const allFail = ({ replies }: Observation, name: string) => replies.every((reply) => failureClass(reply) === name);
const sameCount = ({ python, ours }: Pair) => python.replies.length === ours.replies.length;

/** Rules for known differences in outcome. compare-trees.ts finds those in values. */
export const OUTCOME_RULES: OutcomeRule[] = [
  {
    name: 'refusals',
    explains: ({ request, python, ours }) =>
      !ran(python) &&
      !ran(ours) &&
      ours.replies.length === (request.call ? request.copies + Number(request.again) : 0) &&
      allFail(ours, 'InvalidMessage') &&
      python.replies.every((reply) => reply.failure),
  },
  {
    name: 'depth',
    explains: (pair) =>
      depthOf(dict(pair.request.message)) > 100 && !ran(pair.ours) && allFail(pair.ours, 'InvalidMessage'),
  },
  {
    name: 'malformed-versions',
    explains: ({ request, ours }) => {
      const version = textOf(memberOf(request, 'version'));
      return version !== undefined && !VERSION.test(version) && !ran(ours) && allFail(ours, 'UnsupportedVersion');
    },
  },
  {
    name: 'null-version',
    explains: ({ request, python }) =>
      memberOf(request, 'version')?.kind === 'null' && !ran(python) && allFail(python, 'UnsupportedVersion'),
  },
  {
    name: 'attributes',
    explains: (pair) =>
      ['target', 'note'].includes(textOf(memberOf(pair.request, 'method')) ?? '') &&
      sameCount(pair) &&
      pair.python.replies.every((reply) => NOT_A_METHOD.test(failureMessage(reply))) &&
      allFail(pair.ours, 'NoSuchMethod'),
  },
  {
    name: 'arguments-by-name',
    // A handler that names its arguments does not run, and fails in the words of Python.
    explains: (pair) =>
      sameCount(pair) &&
      ran(pair.ours) &&
      !ran(pair.python) &&
      allFail(pair.python, 'TypeError') &&
      pair.python.replies.every((reply) => SIGNATURE.test(failureMessage(reply))),
  },
];

/** A request that came more than once, with others in between: Python has forgotten it, and executes it again. */
export const DUPLICATES: Known = 'duplicates';

/** Without the further executions, where there were any; else undefined. */
export function withoutRepetition({ request, python, ours }: Pair): Pair | undefined {
  const [theirs, own] = request.call ? [python.replies, ours.replies] : [python.contexts, ours.contexts];
  const sent = request.copies + Number(request.again);
  if (own.length !== 1 || theirs.length < 2 || theirs.length > sent) return undefined;
  const once = <T>(list: T[]) => list.slice(0, 1);
  return { request, ours, python: { replies: once(python.replies), contexts: once(python.contexts) } };
}

/** Known difference: Python adds keys of its own to a context, or replaces the sender's. */
export const CONTEXT_KEYS: Known = 'client-timeout';
const OWN_KEYS = ['client_timeout', 'msg_id', 'reply_q'];

export function withoutOwnKeys(context: Tree | undefined): Tree | undefined {
  return context?.kind === 'dict' ? dict(context.entries.filter(([key]) => !OWN_KEYS.includes(key))) : context;
}

/** Returns the depth of nested arrays and objects; the outermost has depth 1. */
function depthOf(tree: Tree): number {
  if (tree.kind === 'list') return 1 + Math.max(0, ...tree.items.map(depthOf));
  return tree.kind === 'dict' ? 1 + Math.max(0, ...tree.entries.map(([, item]) => depthOf(item))) : 0;
}
