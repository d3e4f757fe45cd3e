import type { Capture } from './capturing-server.js';
import { compareTrees, type Difference } from './compare-trees.js';
import { dict, list, member, readTree, string, type Tree, textOf, treeOf } from './json-tree.js';

/** Outcome for a client's caller: a value, or the description of an error. */
export type Outcome = { result: Tree } | { error: Tree };

/** Returns the differences between the messages that the two clients published for one request. */
export function compareCaptures(python: Capture, ours: Capture): Difference[] {
  const same = (name: string, of: (capture: Capture) => Tree | undefined) => compareTrees(of(python), of(ours), name);
  return [
    ...same('exchange', ({ raw }) => string(raw.exchange)),
    ...same('routing key', ({ raw }) => string(raw.routingKey)),
    ...same('properties', ({ raw }) => treeOf({ ...raw.properties, ...alike(python, ours) })).map(knowDeadline),
    ...same('envelope keys', ({ envelope }) => keysOf(envelope)),
    ...same('envelope version', ({ envelope }) => member(envelope, 'oslo.version')),
    ...same('message', ({ message }) => partOf(message, false)),
    ...same('context', ({ message }) => partOf(message, true)),
  ];
}

/** Milliseconds that ours may have waited for its connection before it was written: it carries the time that is left. */
const MAX_WAIT = 5000;

/** The expiration of Python's message for both, where ours is the same, or less by a wait. */
function alike(python: Capture, ours: Capture): { expiration?: unknown } {
  const [whole, left] = [python, ours].map(({ raw }) => Number(raw.properties['expiration'])) as [number, number];
  return whole >= left && whole - left <= MAX_WAIT ? { expiration: python.raw.properties['expiration'] } : {};
}

/** Calls carry their deadline, which Python does not read. */
function knowDeadline(difference: Difference): Difference {
  const { where, python, ours } = difference;
  const isKnown = where === 'properties.headers.x-deadline' && python === 'nothing' && /^\d+$/.test(ours);
  return isKnown ? { ...difference, rule: 'deadlines' } : difference;
}

function keysOf(tree: Tree): Tree {
  return tree.kind === 'dict' ? list(tree.entries.map(([key]) => string(key))) : tree;
}

const PREFIX = '_context_';
const IDS = ['_msg_id', '_reply_q', '_unique_id'];

/** The context, or all but it: ids by their shape only, and the name by which we know the request again not at all. */
function partOf(message: Tree, context: boolean): Tree {
  if (message.kind !== 'dict') return message;
  const part = message.entries.filter(([key]) => key.startsWith(PREFIX) === context);
  return dict(
    part.map(([key, value]): [string, Tree] => {
      const name = context ? key.slice(PREFIX.length) : key;
      if (name === 'request') return [name, string('')];
      return [
        name,
        IDS.includes(name) ? string((textOf(value) ?? 'none').replace(/[0-9a-f]{32}$/, '32 digits')) : value,
      ];
    }),
  );
}

/** Returns the differences between the outcomes of the two callers. */
export function compareOutcomes(python: Outcome, ours: Outcome, failure: string | null): Difference[] {
  if ('result' in python && 'result' in ours) return compareTrees(python.result, ours.result, 'result');
  if (!('error' in python && 'error' in ours)) return compareTrees(treeOf(python), treeOf(ours), 'kind of outcome');
  const differences = compareTrees(python.error, ours.error, 'error');
  if (differences.every(({ rule }) => rule !== undefined)) return differences;
  const rule =
    failure !== null && isBuiltinRebuilt(python.error, ours.error, readTree(failure)) ? 'builtins' : undefined;
  return rule ? [{ ...(differences[0] as Difference), rule }] : differences;
}

/** Python makes one of its own exceptions anew; we, which have none of them, say which one it was. */
function isBuiltinRebuilt(python: Tree, ours: Tree, failure: Tree): boolean {
  const [name, message] = ['class', 'message'].map((key) => textOf(member(failure, key)));
  return (
    ['builtins', 'exceptions'].includes(textOf(member(failure, 'module')) ?? '') &&
    textOf(member(python, 'class')) !== 'RemoteError' &&
    textOf(member(ours, 'class')) === 'RemoteError' &&
    textOf(member(ours, 'excType')) === name &&
    textOf(member(ours, 'value')) === message
  );
}
