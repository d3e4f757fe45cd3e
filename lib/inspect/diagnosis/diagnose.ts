import {
  ConfigurationError,
  Counters,
  Deadline,
  MessageDeliveryFailure,
  normalizeOptions,
  type OsloMessagingOptions,
  parseTransportUrl,
  RabbitConnection,
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

/** Longest time of a diagnosis in milliseconds, unless `rpcResponseTimeout` is shorter. */
const MAX_MS = 10_000;

/** Result of a diagnosis. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** Reason why no host of the URL could be used. The findings then are about the hosts. */
  readonly unreachable?: MessageDeliveryFailure;
}

/**
 * Looks for all that can be wrong between callers and servers. Changes nothing that lasts, and ends within 10 seconds or the
 * `rpcResponseTimeout` of the options. Each fault is a finding, an unreachable broker, too.
 * @param options as of the application, with `rabbit.managementUrl` for what AMQP cannot show
 * @param targets topics, each with its exchange where it has another than `controlExchange`, and a server where one is meant.
 * None for the whole virtual host, which needs `rabbit.managementUrl`
 * @throws ConfigurationError, InvalidTransportURL for wrong options
 */
export async function diagnose(options: OsloMessagingOptions, targets: readonly Target[] = []): Promise<Finding[]> {
  return [...(await diagnosisOf(options, targets)).findings];
}

/** Makes a diagnosis as {@link diagnose} does. @throws as diagnose */
export async function diagnosisOf(options: OsloMessagingOptions, targets: readonly Target[]): Promise<Diagnosis> {
  const given = normalizeOptions(options);
  const url = parseTransportUrl(given.transportUrl.expose());
  const settings = withUrlOptions(given, url);
  if (targets.length === 0 && settings.rabbit.managementUrl === undefined)
    throw new ConfigurationError('A diagnosis without topics needs rabbit.managementUrl, to find the topics');
  const connection = new RabbitConnection(url, { settings, counters: new Counters() }, 'doctor');
  const deadline = Deadline.after(Math.min(settings.rpcResponseTimeout, MAX_MS));
  const scene = new Scene(settings, url, targets, connection, deadline);
  try {
    await connection.acquire(deadline, 0);
    const findings = await Promise.all(CHECKS.map((check) => runOne(check, scene)));
    return { findings: findings.flat() };
  } catch (error) {
    if (!(error instanceof MessageDeliveryFailure)) throw error;
    return { findings: unreachableFindings(url, error), unreachable: error };
  } finally {
    void connection.close();
  }
}

/** @throws MessageDeliveryFailure where the broker has become unreachable */
async function runOne(check: Check, scene: Scene): Promise<readonly Finding[]> {
  const { name, needs } = check;
  if (needs === 'management' && !scene.management) return [];
  const late = () => new Error('no answer in time');
  try {
    return await scene.deadline.race(check.run(scene), late);
  } catch (error) {
    if (error instanceof MessageDeliveryFailure) throw error;
    const text = withoutSecrets(toError(error).message, scene.settings);
    return [{ kind: 'check', name, state: 'unseen', text, why: 'Faults of this kind stay hidden' }];
  }
}
