import {
  ConfigurationError,
  Deadline,
  MessageDeliveryFailure,
  normalizeOptions,
  type OsloMessagingOptions,
  parseTransportUrl,
  type Target,
  toError,
  withoutSecrets,
  withUrlOptions,
} from '../../internal.js';
import type { Check } from './check.js';
import { CHECKS } from './checks/index.js';
import { unreachableFindings } from './connect-advice.js';
import type { Finding } from './finding.js';
import { Scene } from './scene.js';
import { unseenCure } from './unseen-cure.js';

/** Longest time of a diagnosis in milliseconds, unless `rpcResponseTimeout` is shorter. */
const MAX_MS = 10_000;

const SILENT = { debug: () => undefined, log: () => undefined, warn: () => undefined, error: () => undefined };

const NO_MANAGEMENT: Finding = {
  kind: 'check',
  name: 'management',
  state: 'unchecked',
  text: 'Bindings, policies, unacknowledged messages and clocks were not checked: give --management-url (rabbit.managementUrl), or try oslo-rpc ping',
};

/** Result of a diagnosis. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** Reason why no host of the URL could be used. The findings then are about the hosts. */
  readonly unreachable?: MessageDeliveryFailure;
}

/** Options of {@link diagnose}. */
export interface DiagnoseOptions {
  /**
   * `suspected` asks the servers of a topic for their free slots, by fanout, only where its queues show that they may hold
   * requests: messages wait and do not get fewer, or are unacknowledged and none is completed. `always` asks them in any
   * case, `never` in none. Servers without `rpcDiscoveryEnabled` answer that they do not know the method, and servers in
   * Python log it as an error. A function selects the topics whose servers are asked in any case.
   * @default 'suspected'
   */
  askServers?: 'always' | 'never' | 'suspected' | ((target: Target) => boolean) | undefined;
}

/**
 * Looks for all that can be wrong between callers and servers. Changes nothing that lasts, and ends within 10 seconds or the
 * `rpcResponseTimeout` of the options. Each fault is a finding, an unreachable broker, too.
 * @param options as of the application, with `rabbit.managementUrl` for what AMQP cannot show
 * @param targets topics, each with its exchange where it has another than `controlExchange`, and a server where one is meant.
 * None for the whole virtual host, which needs `rabbit.managementUrl`
 * @throws ConfigurationError, InvalidTransportURL for wrong options
 */
export async function diagnose(
  options: OsloMessagingOptions,
  targets: readonly Target[] = [],
  settings: DiagnoseOptions = {},
): Promise<Finding[]> {
  return [...(await diagnosisOf(options, targets, settings)).findings];
}

/** Makes a diagnosis as {@link diagnose} does. @throws as diagnose */
export async function diagnosisOf(
  options: OsloMessagingOptions,
  targets: readonly Target[],
  { askServers = 'suspected' }: DiagnoseOptions = {},
): Promise<Diagnosis> {
  const quiet = { ...options, logger: SILENT };
  const given = normalizeOptions(quiet);
  const url = parseTransportUrl(given.transportUrl.expose());
  const rpcResponseTimeout = Math.min(given.rpcResponseTimeout, MAX_MS);
  const settings = { ...withUrlOptions(given, url), rpcResponseTimeout };
  const { managementUrl } = settings.rabbit;
  if (targets.length === 0 && managementUrl === undefined)
    throw new ConfigurationError('A diagnosis without topics needs rabbit.managementUrl, to find the topics');
  const deadline = Deadline.after(rpcResponseTimeout);
  const [always, mayAsk] =
    typeof askServers === 'function' ? [true, askServers] : [askServers === 'always', () => true];
  const questions = askServers === 'never' ? undefined : { options: quiet, always, mayAsk };
  const scene = new Scene(settings, url, targets, deadline, questions);
  try {
    await scene.reading.acquire(deadline, 0);
    const found = await Promise.all(CHECKS.map((check) => runOne(check, scene)));
    const remarks = managementUrl === undefined ? [NO_MANAGEMENT] : [];
    return { findings: withoutTwins([...found.flat(), ...remarks]) };
  } catch (error) {
    if (!(error instanceof MessageDeliveryFailure)) throw error;
    return { findings: unreachableFindings(url, error), unreachable: error };
  } finally {
    await scene.close();
  }
}

/** @throws MessageDeliveryFailure where the broker has become unreachable */
async function runOne(check: Check, scene: Scene): Promise<readonly Finding[]> {
  const { name, needs, isVital } = check;
  if (needs === 'management' && !scene.management) return [];
  const source = needs === 'management' ? 'the management API' : 'the broker, its management API or a server';
  const late = () => new Error(`no answer in time from ${source}`);
  const work = check.run(scene);
  try {
    return await (isVital ? work : (scene.asking ?? scene).deadline.race(work, late));
  } catch (error) {
    if (isVital && error instanceof MessageDeliveryFailure) throw error;
    const text = withoutSecrets(toError(error).message, scene.settings);
    const cure = unseenCure(error, needs);
    return [{ kind: 'check', name, state: 'unseen', text, why: 'Faults of this kind stay hidden', cure }];
  }
}

/** Returns the findings, without those about the same thing in the same state. */
function withoutTwins(findings: readonly Finding[]): Finding[] {
  const isSame = (one: Finding, other: Finding) =>
    one.kind === other.kind &&
    one.name === other.name &&
    one.state === other.state &&
    // A queue can have several rules.
    (one.state !== 'lossy' || one.text === other.text);
  return findings.filter((one, index) => index === findings.findIndex((other) => isSame(one, other)));
}
