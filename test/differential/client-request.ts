import fc from 'fast-check';
import { dictOf, key, longText, nested, text, value } from './arbitrary-values.js';
import { dict, list, NULL, number, string, type Tree, writeTree } from './json-tree.js';

/** Request that a client sends, and its answer. */
export interface ClientPlan {
  call: boolean;
  server: string | undefined;
  fanout: boolean;
  namespace: string | undefined;
  version: string | undefined;
  /** Seconds. */
  timeout: number;
  callMonitorTimeout: number | undefined;
  method: string;
  args: [string, Tree][];
  context: [string, Tree][];
  answer: Answer;
}

/** The replies to a call, in order: the result or the failure, whole or as old servers send it, perhaps after a heartbeat. */
export interface Answer {
  result: Tree;
  /** JSON text; null for none. */
  failure: string | null;
  form: 'one' | 'two parts' | 'after a heartbeat';
}

const word = fc.constantFrom('Rebuilt', 'ValueError', 'TypeError', 'NoSuchClass', 'system', 'print', 'é', '__class__');
const module = fc.constantFrom(
  'differential',
  'builtins',
  'exceptions',
  'os',
  'subprocess',
  'tacker.common.exceptions',
  '',
);

const failure: fc.Arbitrary<string> = fc
  .tuple(word, module, text, fc.array(text, { maxLength: 3 }), fc.array(value, { maxLength: 3 }), fc.boolean())
  .map(([name, moduleName, message, lines, args, ascii]) =>
    writeTree(
      dict([
        ['class', string(name)],
        ['module', string(moduleName)],
        ['message', string(message)],
        ['tb', list(lines.map(string))],
        ['args', list(args)],
        ['kwargs', dict([])],
      ]),
      ascii,
    ),
  );

const result = fc.oneof({ weight: 8, arbitrary: value }, { weight: 1, arbitrary: longText(100, 5000) });

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 3, arbitrary: result.map((one): Answer => ({ result: one, failure: null, form: 'one' })) },
  { weight: 2, arbitrary: failure.map((one): Answer => ({ result: NULL, failure: one, form: 'one' })) },
  {
    weight: 1,
    // Python takes a first part that is null for a heartbeat.
    arbitrary: result
      .filter(({ kind }) => kind !== 'null')
      .map((one): Answer => ({ result: one, failure: null, form: 'two parts' })),
  },
);

/** Python's own parameters of `call`. */
const RESERVED = ['self', 'ctxt', 'method'];

const args = dictOf(
  key.filter((name) => !RESERVED.includes(name)),
  fc.oneof(
    { weight: 8, arbitrary: value },
    { weight: 1, arbitrary: nested(fc.integer({ min: 1, max: 80 })) },
    { weight: 1, arbitrary: longText(100, 5000) },
  ),
);

const context = dictOf(
  fc.oneof(fc.constantFrom('user_id', 'project_id', 'roles', 'is_admin'), key).filter((name) => name !== 'request'),
  value,
);

/** A request that a client can be asked for. Two thirds are calls. */
export const clientPlan: fc.Arbitrary<ClientPlan> = fc
  .record({
    call: fc.constantFrom(true, true, false),
    server: fc.option(fc.constantFrom('host1', 'höst.2'), { nil: undefined }),
    fanout: fc.boolean(),
    namespace: fc.option(
      fc.oneof(
        fc.constantFrom('ns', 'a.b'),
        text.filter((name) => name !== ''),
      ),
      { nil: undefined },
    ),
    version: fc.option(fc.constantFrom('1.0', '1.5', '2.3.1', '10.20'), { nil: undefined }),
    timeout: fc.constantFrom(30, 30.5, 31.1, 32.0007, 33.3333),
    callMonitorTimeout: fc.option(fc.integer({ min: 10, max: 30 }), { nil: undefined }),
    method: fc.oneof(
      fc.constantFrom('echo', 'oslo_rpc_server_ping', '__proto__', 'x'.repeat(300)),
      text.filter((name) => name !== ''),
    ),
    args,
    context,
    answer,
  })
  .map((plan) => ({
    ...plan,
    fanout: plan.fanout && !plan.call,
    callMonitorTimeout: plan.call ? plan.callMonitorTimeout : undefined,
    answer:
      plan.callMonitorTimeout !== undefined && plan.answer.form === 'one'
        ? { ...plan.answer, form: 'after a heartbeat' }
        : plan.answer,
  }));

/** The request for Python's client, as JSON text. `request` is the context's own key, by which it is known again. */
export function pythonRequest(plan: ClientPlan, topic: string, request: string): string {
  const target: [string, Tree | undefined][] = [
    ['topic', string(topic)],
    ['server', plan.server === undefined ? undefined : string(plan.server)],
    ['fanout', plan.fanout ? { kind: 'bool', value: true } : undefined],
    ['namespace', plan.namespace === undefined ? undefined : string(plan.namespace)],
    ['version', plan.version === undefined ? undefined : string(plan.version)],
    ['timeout', number(String(plan.timeout))],
    ['callMonitorTimeout', plan.callMonitorTimeout === undefined ? undefined : number(String(plan.callMonitorTimeout))],
  ];
  const given = target.filter((entry): entry is [string, Tree] => entry[1] !== undefined);
  const tree = dict([
    ['target', dict(given)],
    ['call', { kind: 'bool', value: plan.call }],
    ['method', string(plan.method)],
    ['args', dict(plan.args)],
    ['context', dict([...plan.context, ['request', string(request)]])],
  ]);
  return writeTree(tree, true);
}
