import { compareTrees, type Difference } from './compare-trees.js';
import { dict, list, member, string, type Tree, textOf, treeOf } from './json-tree.js';
import {
  CONTEXT_KEYS,
  DUPLICATES,
  type Known,
  OUTCOME_RULES,
  type Pair,
  withoutOwnKeys,
  withoutRepetition,
} from './known-differences.js';
import type { Observation, Reply } from './observation.js';

/** All in which our server differed from Python's on one request. */
export function compareServers(pair: Pair): Difference[] {
  const once = withoutRepetition(pair);
  if (!once) return compareOnce(pair);
  return [outcome(DUPLICATES, pair), ...compareOnce(once)];
}

function compareOnce(pair: Pair): Difference[] {
  const found = compareOutcomes(pair);
  if (found.every(({ rule }) => rule !== undefined)) return found;
  const rule = OUTCOME_RULES.find(({ explains }) => explains(pair));
  return rule ? [outcome(rule.name, pair)] : found;
}

function outcome(rule: Known | undefined, { python, ours }: Pair): Difference {
  return { rule, where: 'outcome', python: summary(python), ours: summary(ours) };
}

function summary({ replies, contexts }: Observation): string {
  const failures = replies.map((reply) => textOf(member(reply.failure, 'class')) ?? 'result');
  return `${contexts.length} executions, replies: ${failures.join(', ') || 'none'}`;
}

function compareOutcomes(pair: Pair): Difference[] {
  const { request, python, ours } = pair;
  if (python.replies.length !== ours.replies.length || python.contexts.length !== ours.contexts.length) {
    return [outcome(undefined, pair)];
  }
  const found: Difference[] = [];
  ours.contexts.forEach((context, index) => {
    found.push(...compareContexts(python.contexts[index], context, 'context'));
  });
  const returnsContext = textOf(member(dict(request.message), 'method')) === 'context';
  ours.replies.forEach((reply, index) => {
    const counterpart = python.replies[index];
    if (counterpart) found.push(...compareReplies(counterpart, reply, returnsContext));
  });
  return found;
}

function compareContexts(python: Tree | undefined, ours: Tree | undefined, where: string): Difference[] {
  const found = compareTrees(withoutOwnKeys(python), withoutOwnKeys(ours), where);
  const [one, other] = [python, ours].map((context) => JSON.stringify(context));
  if (found.length === 0 && one !== other && compareTrees(python, ours, where).length > 0) {
    found.push({ rule: CONTEXT_KEYS, where, python: String(one), ours: String(other) });
  }
  return found;
}

function compareReplies(python: Reply, ours: Reply, returnsContext: boolean): Difference[] {
  const compare = returnsContext ? compareContexts : compareTrees;
  const same = (name: string, one: Tree | undefined, other: Tree | undefined) => compareTrees(one, other, name);
  return [
    ...same('reply properties', treeOf(python.raw.properties), treeOf(ours.raw.properties)),
    ...same('reply exchange', string(python.raw.exchange), string(ours.raw.exchange)),
    ...same('envelope keys', keysOf(python.envelope), keysOf(ours.envelope)),
    ...same('envelope version', member(python.envelope, 'oslo.version'), member(ours.envelope, 'oslo.version')),
    ...same('reply keys', keysOf(python.message), keysOf(ours.message)),
    ...same('ending', member(python.message, 'ending'), member(ours.message, 'ending')),
    ...same('unique id', idShape(python), idShape(ours)),
    ...compare(python.result, ours.result, 'result'),
    ...same('failure keys', keysOf(python.failure), keysOf(ours.failure)),
    ...['class', 'module', 'message', 'args', 'kwargs'].flatMap((name) =>
      same(`failure ${name}`, member(python.failure, name), member(ours.failure, name)),
    ),
    ...same('traceback', tracebackShape(python), tracebackShape(ours)),
  ];
}

function keysOf(tree: Tree | undefined): Tree | undefined {
  return tree?.kind === 'dict' ? list(tree.entries.map(([key]) => string(key))) : tree && string(tree.kind);
}

function idShape(reply: Reply): Tree {
  return string((textOf(member(reply.message, '_unique_id')) ?? 'none').replace(/[0-9a-f]/g, 'x'));
}

/** Tracebacks differ by nature; that they are lists of lines must not. */
function tracebackShape(reply: Reply): Tree | undefined {
  const lines = member(reply.failure, 'tb');
  if (lines?.kind !== 'list') return lines;
  const wellFormed = lines.items.every((line) => textOf(line)?.endsWith('\n'));
  return string(lines.items.length > 0 && wellFormed ? 'lines' : 'other');
}
