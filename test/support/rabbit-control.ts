import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programOf } from './release.js';

const run = promisify(execFile);

export const RABBIT_SCRIPTS = '/usr/lib/rabbitmq/bin';

/** What `rabbitmqctl` needs in order to reach a node. Plain data, so that it can be handed to a test worker. */
export interface RabbitAddress {
  nodename: string;
  /** The folder with the node's Erlang cookie, as the node sees it. */
  home: string;
  /** Folder of the Debian release that the node comes from; undefined for this machine. */
  root: string | undefined;
}

/** `rabbitmqctl` of one node. All but `eval` boots an Erlang machine, which takes one to two seconds of a processor. */
export class RabbitControl {
  constructor(readonly address: RabbitAddress) {}

  async rabbitmqctl(...args: string[]): Promise<string> {
    const { nodename, home, root } = this.address;
    // Another release's nodes speak to programs of their own release.
    if (args[0] === 'eval' && root === undefined) return this.#eval(args.slice(1).join(' '));
    const variables = { HOME: home, RABBITMQ_CONF_ENV_FILE: `${home}/rabbitmq-env.conf` };
    const path = `${RABBIT_SCRIPTS}/rabbitmqctl`;
    const program = programOf(root, path, ['-q', '-n', nodename, ...args], variables);
    const { stdout } = await run(program.file, program.args, {
      cwd: `${root ?? ''}${home}`,
      env: program.env,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  /** Evaluates Erlang expressions in the node within milliseconds: the program that asks is written in C. */
  async #eval(expressions: string): Promise<string> {
    const { nodename, home } = this.address;
    const cookie = await readFile(join(home, '.erlang.cookie'), 'utf8');
    const asking = run('erl_call', ['-c', cookie, '-n', nodename, '-e'], { maxBuffer: 64 * 1024 * 1024 });
    asking.child.stdin?.end(`lists:flatten(io_lib:format("~p", [begin ${expressions.replace(/\.\s*$/, '')} end])).\n`);
    const { stdout } = await asking;
    const [, answer] = /^\{ok, "(.*)"\}\s*$/s.exec(stdout) ?? [];
    if (answer === undefined) throw new Error(`${nodename} cannot evaluate ${expressions}: ${stdout}`);
    return answer.replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign));
  }
}
