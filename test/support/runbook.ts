import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RABBIT_SCRIPTS, type RabbitAddress } from '../../testkit/rabbit-control.js';
import { programOf } from '../../testkit/release.js';
import { type Outcome, osloRpc } from './command.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Entry of the runbook. */
export interface RunbookEntry {
  readonly command: string;
  /** Lines that the command prints, as patterns: `…` stands for any text. */
  readonly lines: readonly RegExp[];
  /** Text after them. */
  readonly cause: string;
}

/** Returns the entries of the runbook by their headings, which are symptoms. */
export async function runbookEntries(): Promise<Map<string, RunbookEntry>> {
  const page = await readFile(join(root, 'docs/how-to/runbook.md'), 'utf8');
  return new Map(
    page
      .split(/^### /m)
      .slice(1)
      .map((section) => {
        const [symptom = ''] = section.split('\n', 1);
        const [block = ''] = /(?:^ {4}.*\n)+/m.exec(section) ?? [];
        const [command = '', ...lines] = block.trimEnd().replaceAll(/^ {4}/gm, '').split('\n');
        if (!/^Cause: [\s\S]*\sCure: /m.test(section) && !section.includes('One line for each topic'))
          throw new Error(`the runbook gives no cause and cure for: ${symptom}`);
        const cause = section.slice(section.indexOf(block) + block.length).replaceAll(/\s+/g, ' ');
        return [symptom, { command: command.replace(/^\$ /, ''), lines: lines.map(patternOf), cause }];
      }),
  );
}

function patternOf(line: string): RegExp {
  return new RegExp(
    line
      .split('…')
      .map((part) => part.trim().replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*')
      .replaceAll(/ +/g, ' +'),
    'm',
  );
}

/** Prints its variable and its words, for {@link osloRpc}: in a process of its own, each command would take half a second. */
const PRINT_WORDS = `#!/bin/sh\nprintf '%s\\0' "$TRANSPORT_URL" "$@"\n`;

/** Shell in which `oslo-rpc` is the command, and the commands of RabbitMQ reach one node. */
export class Shell {
  private constructor(
    private readonly folder: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** Makes the shell. Its own folder is removed by {@link close}. */
  static async open({ nodename, home, root: release }: RabbitAddress, transportUrl: string): Promise<Shell> {
    const folder = await mkdtemp(join(tmpdir(), 'runbook-'));
    const variables = { HOME: home, RABBITMQ_CONF_ENV_FILE: `${home}/rabbitmq-env.conf` };
    const script = (name: string) => {
      const { file, args } = programOf(release, `${RABBIT_SCRIPTS}/${name}`, ['-n', nodename], variables);
      return `#!/bin/sh\nexec ${[file, ...args].map((word) => `'${word}'`).join(' ')} "$@"\n`;
    };
    const scripts = {
      'oslo-rpc': PRINT_WORDS,
      rabbitmqctl: script('rabbitmqctl'),
      'rabbitmq-diagnostics': script('rabbitmq-diagnostics'),
    };
    for (const [name, text] of Object.entries(scripts)) {
      await writeFile(join(folder, name), text);
      await chmod(join(folder, name), 0o755);
    }
    const PATH = `${folder}:${process.env['PATH']}`;
    return new Shell(folder, { ...process.env, ...variables, PATH, TRANSPORT_URL: transportUrl });
  }

  /** Runs a command as the shell reads it. */
  async run(command: string): Promise<Outcome> {
    const outcome = await this.execute(command);
    if (!/\boslo-rpc /.test(command)) return outcome;
    const [url = '', ...words] = outcome.stdout.split('\0').slice(0, -1);
    return osloRpc(words, { TRANSPORT_URL: url });
  }

  private execute(command: string): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile('/bin/sh', ['-c', command], { env: this.environment, cwd: this.folder }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
