import { joinValues, optionsOf, parametersOf, unknown, type Value } from './abstract-value.js';
import { callBuiltin } from './call-builtin.js';
import { callClient, makeClient, makeTarget } from './call-client.js';
import { callDict, callText } from './call-data.js';
import { withArguments } from './given-arguments.js';
import { readMember } from './member.js';
import type { Path } from './path.js';
import type { Expression, Place } from './python-syntax.js';
import { sendRequest } from './send-request.js';
import { andThen, type Given, type Outcome, type Walk } from './walk.js';

/** Evaluates a call: of a method of the class, of a client, of a dict. Any other function is not followed. */
export function evaluateCall(walk: Walk, call: Expression & { kind: 'call' }, path: Path): Outcome[] {
  const { callee, args, place } = call;
  if (callee.kind === 'attribute')
    return andThen(walk.evaluate(callee.of, path), (receiver, after) =>
      withArguments(walk, args, after, (given, last) => callMember(walk, receiver, callee.name, given, place, last)),
    );
  if (callee.kind === 'name' && !path.frame.names.has(callee.name))
    return withArguments(walk, args, path, (given, last) => [
      {
        path: last,
        value: callBuiltin(walk, callee.name, given, place, last) ?? callUnknown(callee.name, given, place),
      },
    ]);
  return andThen(walk.evaluate(callee, path), (called, after) =>
    withArguments(walk, args, after, (given, last) => callValue(walk, called, given, place, last)),
  );
}

/** Calls `receiver.name(…)`. */
function callMember(walk: Walk, receiver: Value, name: string, given: Given, place: Place, path: Path): Outcome[] {
  switch (receiver.kind) {
    case 'client':
      return callClient(walk, receiver.fields, name, given, place, path);
    case 'dict':
      return [{ path, value: callDict(receiver.id, name, given, place, path) }];
    case 'text':
      return [{ path, value: callText(receiver.value, name, given) ?? unknown(place) }];
    case 'choice': {
      const texts = receiver.options.map((option) =>
        option.kind === 'text' ? callText(option.value, name, given) : undefined,
      );
      if (texts.every((text) => text !== undefined))
        return [{ path, value: texts.reduce((one, other) => joinValues(one, other)) }];
      const client = receiver.options.find(({ kind }) => kind === 'client');
      if (client !== undefined && client.kind === 'client')
        return callClient(walk, preparedByAll(receiver.options, client.fields), name, given, place, path);
      break;
    }
    case 'self':
    case 'super':
      return andThen(readMember(walk, receiver, name, place, path), (value, after) => {
        if (value.kind !== 'unknown') return callValue(walk, value, given, place, after);
        // A helper of a base class that the source tree lacks, such as `self._get_cctxt(…)`.
        const own = path.members.get('client') ?? path.members.get('_client');
        if (/cctxt|client|prepare/i.test(name))
          return callClient(
            walk,
            own?.kind === 'client' ? own.fields : { own: new Map(), prepared: new Map() },
            'prepare',
            given,
            place,
            after,
          );
        return [{ path: after, value: unknown(place) }];
      });
  }
  return [{ path, value: callUnknown(name, given, place, receiver) }];
}

/** Joins the fields of the clients that a name can be, as in `client = a.prepare(…) if x else a`. */
function preparedByAll(options: readonly Value[], first: Extract<Value, { kind: 'client' }>['fields']) {
  const clients = options.flatMap((option) => (option.kind === 'client' ? [option.fields] : []));
  const prepared = new Map<string, Value>();
  for (const name of new Set(clients.flatMap((fields) => [...fields.prepared.keys()])))
    prepared.set(
      name,
      clients
        .map((fields): Value => fields.prepared.get(name) ?? fields.own.get(name) ?? { kind: 'constant', value: null })
        .reduce((one, other) => joinValues(one, other, true)),
    );
  return { own: first.own, prepared };
}

/** Calls a value: a method of the class, or `call` or `cast` of a client. */
function callValue(walk: Walk, called: Value, given: Given, place: Place, path: Path): Outcome[] {
  switch (called.kind) {
    case 'method':
      return walk.invoke(called.function, called.of, given, path);
    case 'sender':
      sendRequest(walk, called, given, place, path);
      return [{ path, value: unknown(place) }];
    case 'choice': {
      const wasUsual = path.usual;
      const outcomes = optionsOf(called).flatMap((option, index) => {
        const taken = path.fork();
        taken.usual = wasUsual && (!called.usual || index === 0);
        return callValue(walk, option, given, place, taken);
      });
      return outcomes.map((outcome) => {
        outcome.path.usual = wasUsual;
        return outcome;
      });
    }
    default:
      return [{ path, value: callUnknown('', given, place, called) }];
  }
}

/** Returns the value of a call that is not followed: a client, where it makes or wraps one. */
function callUnknown(name: string, given: Given, place: Place, ...from: readonly Value[]): Value {
  const made = name === 'Target' ? makeTarget(given) : makeClient(name, given);
  if (made !== undefined) return made;
  // `retry(cctxt.call, 3)` and `partial(…)` wrap what they are given.
  const [wrapped] = given.positional;
  if (wrapped?.kind === 'sender') return wrapped;
  const values = [...from, ...given.positional, ...[...given.keywords.values()].map(({ value }) => value)];
  return unknown(place, ...values.filter((value) => parametersOf(value).length > 0));
}
