import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inNamespace, programOf } from './release.js';

const run = promisify(execFile);

export const RABBIT_SCRIPTS = '/usr/lib/rabbitmq/bin';
/** Variables of a node whose host has a dot in its name, and of the programs that reach it. */
export const LONG_NAMES = { RABBITMQ_USE_LONGNAME: 'true' };
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/** Settings with which `rabbitmqctl` reaches a node. Plain data, so that a test worker can receive it. */
export interface RabbitAddress {
  nodename: string;
  /** The folder with the node's Erlang cookie, as the node sees it. */
  home: string;
  /** Folder of the Debian release that the node comes from; undefined for this machine. */
  root: string | undefined;
  /** Network namespace of the node; undefined for the machine's own. */
  namespace?: string | undefined;
}

const binary = (text: string) => `<<"${text.replace(/["\\]/g, '\\$&')}"/utf8>>`;
const users = (call: string, ...args: string[]) =>
  `rabbit_auth_backend_internal:${call}(${[...args, 'tests'].map(binary).join(', ')}).`;
const policies = (call: string, ...args: string[]) =>
  `rabbit_policy:${call}(${['/', ...args, 'tests'].map(binary).join(', ')}).`;

/** Commands as Erlang expressions, which are evaluated without booting an Erlang machine first. */
const EXPRESSIONS: Readonly<Record<string, (...args: string[]) => string>> = {
  eval: (...expressions) => expressions.join(' '),
  close_all_connections: (reason = '') =>
    `[rabbit_networking:close_connection(Pid, ${JSON.stringify(reason)}) || Pid <- rabbit_networking:connections()].`,
  add_user: (name, password) => users('add_user', name ?? '', password ?? ''),
  delete_user: (name) => users('delete_user', name ?? ''),
  change_password: (name, password) => users('change_password', name ?? '', password ?? ''),
  set_user_limits: (name, limits) => users('set_user_limits', name ?? '', limits ?? ''),
  set_user_tags: (name, ...tags) =>
    `rabbit_auth_backend_internal:set_tags(${binary(name ?? '')}, [${tags}], <<"tests">>).`,
  set_permissions: (name = '', ...permissions) => users('set_permissions', name, '/', ...permissions),
  // The fraction is a float, as `0.4`.
  set_vm_memory_high_watermark: (fraction) => `vm_memory_monitor:set_vm_memory_high_watermark(${fraction}).`,
  set_topic_permissions: (name = '', ...permissions) => users('set_topic_permissions', name, '/', ...permissions),
  set_policy: (name = '', pattern = '', definition = '', _flag = '--apply-to', applyTo = 'all') =>
    policies('parse_set', name, pattern, definition, '0', applyTo),
  clear_policy: (name = '') => policies('delete', name),
};

/** `rabbitmqctl` of one node. Commands without an expression above take one to two seconds of a processor. */
export class RabbitControl {
  static #asked = 0;

  constructor(readonly address: RabbitAddress) {}

  async rabbitmqctl(command: string, ...args: string[]): Promise<string> {
    const { root, namespace } = this.address;
    const expression = EXPRESSIONS[command]?.(...args);
    // Another release's nodes speak to programs of their own release, and a namespace's to programs inside.
    if (expression !== undefined && root === undefined && namespace === undefined) return this.#evaluate(expression);
    return this.tool('rabbitmqctl', command, ...args);
  }

  /** Runs one of the node's programs, e.g. `rabbitmq-queues`. It takes one to two seconds of a processor. */
  async tool(name: string, ...args: string[]): Promise<string> {
    const { nodename, home, root, namespace } = this.address;
    const variables = {
      HOME: home,
      RABBITMQ_CONF_ENV_FILE: `${home}/rabbitmq-env.conf`,
      ...(namespace && LONG_NAMES),
    };
    const command = programOf(root, `${RABBIT_SCRIPTS}/${name}`, ['-q', '-n', nodename, ...args], variables);
    const program = inNamespace(command, namespace);
    const { stdout } = await run(program.file, program.args, {
      cwd: `${root ?? ''}${home}`,
      env: program.env,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    return stdout;
  }

  /** Evaluates Erlang expressions in the node. It takes milliseconds, since the program that asks is written in C. */
  async #evaluate(expressions: string): Promise<string> {
    const { nodename, home } = this.address;
    const cookie = await readFile(join(home, '.erlang.cookie'), 'utf8');
    // The node refuses a second one of the same name.
    const ownName = `c${process.pid}-${++RabbitControl.#asked}`;
    const asking = run('erl_call', ['-h', ownName, '-c', cookie, '-n', nodename, '-e'], {
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    asking.child.stdin?.end(`lists:flatten(io_lib:format("~p", [begin ${expressions.replace(/\.\s*$/, '')} end])).\n`);
    const { stdout } = await asking;
    const answer = textIn(stdout);
    if (answer === undefined || answer.startsWith('{error,')) throw new Error(`${nodename}: ${expressions}: ${stdout}`);
    return answer;
  }
}

/** Returns the text that erl_call has printed: a string, or from 65,536 characters on a list of their codes. */
function textIn(printed: string): string | undefined {
  const [, string, codes] = /^\{ok, (?:"(.*)"|\[([\d, ]+)\])\}\s*$/s.exec(printed) ?? [];
  if (codes !== undefined) return Buffer.from(codes.split(', ').map(Number)).toString();
  return string?.replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign));
}
