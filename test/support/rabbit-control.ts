import { execFile } from 'node:child_process';
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

/** `rabbitmqctl` of one node. It boots an Erlang machine for each call, so it takes one to two seconds. */
export class RabbitControl {
  constructor(readonly address: RabbitAddress) {}

  async rabbitmqctl(...args: string[]): Promise<string> {
    const { nodename, home, root } = this.address;
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
}
