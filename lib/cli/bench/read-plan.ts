import { type Dict, newId } from '../../internal.js';
import { UsageError } from '../exit-code.js';
import { byteCount, milliseconds, rateOf, timeLimitOf, wholeNumber } from '../flags/flag-values.js';
import { readTarget, type TargetFlags } from '../flags/target-options.js';
import { readData } from '../input/read-data.js';
import type { InputReader } from '../input/read-source.js';
import type { BenchMode, BenchPlan } from './bench-plan.js';
import { readCheck } from './check.js';

/** Flags of `bench`. */
export interface BenchFlags extends TargetFlags {
  mode: string;
  method?: string;
  eventType: string;
  namespace?: string;
  version?: string;
  context?: string[];
  size?: string;
  concurrency?: string;
  clients: string;
  for?: string;
  count?: string;
  rate?: string;
  warmup?: string;
  check?: string[];
  csv?: string;
  profile?: boolean;
  profileFolder?: string;
  serve?: boolean;
  yes?: boolean;
  json?: boolean;
}

const MAX_CONCURRENCY = 10_000;
const MAX_CLIENTS = 64;
const MAX_RATE = 100_000;
const MAX_COUNT = 1_000_000_000;
/** Largest `--size`: below the largest body that servers accept by default. */
const MAX_SIZE = 8 * 2 ** 20;
const MAX_DURATION_MS = 24 * 3_600_000;
const DEFAULT_DURATION_MS = 10_000;
const DEFAULT_WARMUP_MS = 1000;
/** In flight by default: few with one after the other, and so many at a rate that they are no limit. */
const DEFAULT_CONCURRENCY = 10;
const DEFAULT_PACED_CONCURRENCY = 1000;

/** Returns the load that flags ask for. @throws UsageError, and as readTarget */
export async function readPlan(words: readonly string[], given: BenchFlags, command: InputReader): Promise<BenchPlan> {
  const mode = modeOf(given.mode);
  if (mode === 'notify' && given.method !== undefined)
    throw new UsageError('--method is for calls and casts; give --event-type');
  if (given.profileFolder !== undefined && !given.profile)
    throw new UsageError('--profile-folder: give --profile, too');
  const names = given.serve ? serveNames(given) : undefined;
  const { options, exchange, timeout } = readTarget(names?.flags ?? given);
  const topic = names?.flags.topic ?? given.topic ?? '';
  const size = given.size === undefined ? undefined : byteCount(given.size, '--size', MAX_SIZE);
  const rate = optional(given.rate, (text) => rateOf(text, MAX_RATE));
  const count = optional(given.count, (text) => wholeNumber(text, '--count', 1, MAX_COUNT));
  const duration = timeLimitOf(given.for, MAX_DURATION_MS);
  return {
    mode,
    messaging: options,
    topic,
    exchange,
    server: names?.server ?? given.server,
    namespace: given.namespace,
    version: given.version,
    method: given.method ?? 'echo',
    hasMethod: given.method !== undefined,
    eventType: given.eventType,
    args: { ...(await readData(words, 'ARGUMENTS', command)), ...filler(size) },
    context: await readData(given.context, '--context', command),
    size,
    timeout,
    concurrency:
      optional(given.concurrency, (text) => wholeNumber(text, '--concurrency', 1, MAX_CONCURRENCY)) ??
      (rate === undefined ? DEFAULT_CONCURRENCY : DEFAULT_PACED_CONCURRENCY),
    clients: wholeNumber(given.clients, '--clients', 1, MAX_CLIENTS),
    rate,
    durationMs: duration ?? (count === undefined ? DEFAULT_DURATION_MS : undefined),
    count,
    // A number of messages is exact.
    warmupMs: optional(given.warmup, (text) => span(text, '--warmup')) ?? (count === undefined ? DEFAULT_WARMUP_MS : 0),
    checks: (given.check ?? []).map(readCheck),
    csv: given.csv,
    profileFolder: given.profile ? (given.profileFolder ?? '.') : undefined,
    serve: names,
    yes: given.yes ?? false,
  };
}

/** Returns the names of the demonstration server that the load starts: those of the flags, else new ones. */
function serveNames(given: BenchFlags): NonNullable<BenchPlan['serve']> {
  if (given.topic === undefined && given.server !== undefined)
    throw new UsageError('--server: with --serve, give the --topic, too');
  const { url, timeout, configFile, configDir, defaultUrl } = given;
  const ownTopic = given.topic === undefined;
  const ownExchange = ownTopic && given.exchange === undefined;
  const name = `oslo-rpc-bench-${newId()}`;
  const flags: TargetFlags = {
    ...(url !== undefined && { url }),
    ...(timeout !== undefined && { timeout }),
    ...(defaultUrl !== undefined && { defaultUrl }),
    ...(configFile !== undefined && { configFile }),
    ...(configDir !== undefined && { configDir }),
    topic: given.topic ?? name,
    ...(ownExchange ? { exchange: name } : given.exchange !== undefined && { exchange: given.exchange }),
  };
  return { flags, server: given.server ?? 'bench', ownTopic, ownExchange };
}

function filler(size: number | undefined): Dict {
  return size === undefined ? {} : { data: 'x'.repeat(size) };
}

function modeOf(mode: string): BenchMode {
  if (mode === 'call' || mode === 'cast' || mode === 'notify') return mode;
  throw new UsageError(`--mode: expected call, cast or notify; got "${mode.slice(0, 40)}"`);
}

function span(text: string, flag: string): number {
  const value = milliseconds(text, flag);
  if (value <= MAX_DURATION_MS) return value;
  throw new UsageError(`${flag}: expected at most 24 h; got "${text.slice(0, 40)}"`);
}

function optional<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text);
}
