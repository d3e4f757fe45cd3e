import { member, readTree, type Tree, textOf } from './json-tree.js';
import type { RawMessage } from './raw-caller.js';

/** A reply that was read, with its parts by name. */
export interface Reply {
  raw: RawMessage;
  envelope: Tree;
  message: Tree;
  result: Tree | undefined;
  /** The failure's own JSON, where there is one. */
  failure: Tree | undefined;
}

/** Observed behaviour of one peer for one request. */
export interface Observation {
  replies: Reply[];
  /** The contexts that handlers got for it. */
  contexts: Tree[];
}

/** @throws SyntaxError on a reply that is no envelope with a message in it */
export function readReply(raw: RawMessage): Reply {
  const envelope = readTree(raw.body.toString('utf8'));
  const text = textOf(member(envelope, 'oslo.message'));
  if (text === undefined) throw new SyntaxError(`a reply without an envelope: ${raw.body.toString('utf8')}`);
  const message = readTree(text);
  const failure = textOf(member(message, 'failure'));
  return {
    raw,
    envelope,
    message,
    result: member(message, 'result'),
    failure: failure === undefined ? undefined : readTree(failure),
  };
}

export function failureClass(reply: Reply | undefined): string | undefined {
  return textOf(member(reply?.failure, 'class'));
}

export function failureMessage(reply: Reply | undefined): string {
  return textOf(member(reply?.failure, 'message')) ?? '';
}

/** Sorts what came in by the request that it belongs to. */
export function observe(replies: RawMessage[], executions: Record<string, string[]>): Map<string, Observation> {
  const observations = new Map<string, Observation>();
  const of = (id: string) => {
    const observation = observations.get(id) ?? { replies: [], contexts: [] };
    observations.set(id, observation);
    return observation;
  };
  for (const raw of replies) {
    const reply = readReply(raw);
    of(textOf(member(reply.message, '_msg_id')) ?? '').replies.push(reply);
  }
  for (const [id, contexts] of Object.entries(executions)) of(id).contexts.push(...contexts.map(readTree));
  return observations;
}
