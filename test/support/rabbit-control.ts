import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const RABBIT_SCRIPTS = '/usr/lib/rabbitmq/bin';

/** What `rabbitmqctl` needs in order to reach a node. Plain data, so that it can be handed to a test worker. */
export interface RabbitAddress {
  nodename: string;
  /** The folder with the node's Erlang cookie. */
  home: string;
}

/** `rabbitmqctl` of one node. It boots an Erlang machine for each call, so it takes one to two seconds. */
export class RabbitControl {
  constructor(readonly address: RabbitAddress) {}

  async rabbitmqctl(...args: string[]): Promise<string> {
    const { nodename, home } = this.address;
    const { stdout } = await run(`${RABBIT_SCRIPTS}/rabbitmqctl`, ['-q', '-n', nodename, ...args], {
      cwd: home,
      env: { ...process.env, HOME: home, RABBITMQ_CONF_ENV_FILE: `${home}/rabbitmq-env.conf` },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }
}
