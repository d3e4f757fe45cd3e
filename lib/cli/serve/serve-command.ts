import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { DeliveryMode } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { UsageError } from '../exit-code.js';
import { milliseconds, share, wholeNumber } from '../flags/flag-values.js';
import { readTarget, type TargetFlags, takesTarget } from '../flags/target-options.js';
import type { OpenConnections } from '../open-connections.js';

interface ServeFlags extends TargetFlags {
  topic: string;
  concurrency?: string;
  delivery?: string;
  delay: string;
  errorRate: string;
  notifications?: boolean;
  quiet?: boolean;
  json?: boolean;
}

/** Longest `--delay`, in milliseconds. */
const MAX_DELAY_MS = 3_600_000;

const DESCRIPTION =
  'Runs a demonstration server, to try commands and clients on, in Python, too, and to rehearse trouble. It answers echo, add, divide, sleep, fail, payload, whoami and counts, discovery and pings. It writes one line for each request; arguments are shortened, tokens masked. It runs until Ctrl-C or SIGTERM, then drains. A second Ctrl-C ends it at once.';

/** Adds `serve`. */
export function addServeCommand(program: Command, connections: OpenConnections, command: CommandProcess): void {
  takesTarget(program.command('serve'), '10s')
    .summary('run a demonstration server')
    .description(DESCRIPTION)
    .option('--concurrency <number>', 'requests in work at the same time (default: 64)')
    .option('--delivery <mode>', 'at-most-once or at-least-once (default: at-most-once)')
    .option('--delay <duration>', 'time before each answer, in seconds or with a unit: 250ms', '0')
    .option('--error-rate <share>', 'share of the requests that fail: 5% or 0.05', '0')
    .option('--notifications', 'also receive the notifications of the topic, which other listeners then do not get')
    .option('--quiet', 'write no lines about requests')
    .option('--json', 'write the lines as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  oslo-rpc serve --url rabbit://user:password@host/ --topic demo\n  oslo-rpc serve --topic demo --delay 200ms --error-rate 5% --concurrency 4',
    )
    .action(async (flags: ServeFlags) => {
      if (flags.quiet && flags.json) throw new UsageError('--quiet excludes --json');
      const { options, exchange } = readTarget(flags);
      const { serve } = await import('./serve.js');
      const form = flags.quiet ? 'none' : flags.json ? 'json' : 'text';
      const given = {
        messaging: options,
        topic: flags.topic,
        exchange,
        server: flags.server ?? options.host ?? hostname(),
        concurrency:
          flags.concurrency === undefined ? undefined : wholeNumber(flags.concurrency, '--concurrency', 1, 65_535),
        delivery: deliveryOf(flags.delivery),
        delay: delayOf(flags.delay),
        errorRate: share(flags.errorRate, '--error-rate'),
        notifications: flags.notifications ?? false,
      };
      await serve(given, form, connections, command);
    });
}

function delayOf(text: string): number {
  const delay = milliseconds(text, '--delay');
  if (delay <= MAX_DELAY_MS) return delay;
  throw new UsageError(`--delay: expected at most 1 h; got "${text.slice(0, 40)}"`);
}

function deliveryOf(mode: string | undefined): DeliveryMode | undefined {
  if (mode === undefined || mode === 'at-most-once' || mode === 'at-least-once') return mode;
  throw new UsageError(`--delivery: expected at-most-once or at-least-once; got "${mode.slice(0, 40)}"`);
}
