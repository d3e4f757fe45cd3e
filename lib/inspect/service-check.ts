import {
  counted,
  type Deadline,
  ManagementFailure,
  MessagingTimeout,
  normalizeOptions,
  type OsloMessagingOptions,
  PING_METHOD,
  parseTransportUrl,
  RPCClient,
  type Target,
  toError,
  withUrlOptions,
} from '../internal.js';
import { Scene } from './diagnosis/scene.js';
import { QuestionTransport } from './question-transport.js';

const BROKER = 'the broker';
const BROKER_PUBLISHING = 'the broker on a connection that publishes';

/** Demands of a check. */
export interface Demands {
  /** Fewest consumers of the queue; 0 for any number. */
  readonly consumers: number;
  /** Most messages that wait in the queue. */
  readonly maxReady?: number | undefined;
  /** Most unacknowledged messages of the queue. Needs `rabbit.managementUrl`. */
  readonly maxUnacknowledged?: number | undefined;
  /** True where the broker must not block publishers. */
  readonly alarms: boolean;
  /** True where a server must answer a ping. */
  readonly ping: boolean;
}

/** Result of one demand. */
export interface Measure {
  readonly name: 'broker' | 'queue' | 'exchange' | 'consumers' | 'ready' | 'unacknowledged' | 'alarms' | 'ping';
  readonly ok: boolean;
  readonly text: string;
}

/**
 * Compares a topic, or one server of it, with demands. Without a topic, only the broker.
 * @throws MessagingTimeout at the deadline, MessageDeliveryFailure where the broker cannot be reached
 */
export async function checkService(
  options: OsloMessagingOptions,
  target: Target,
  demands: Demands,
  deadline: Deadline,
): Promise<Measure[]> {
  const given = normalizeOptions(options);
  const url = parseTransportUrl(given.transportUrl.expose());
  const scene = new Scene(withUrlOptions(given, url), url, target.topic ? [target] : [], deadline, undefined);
  const questions = new QuestionTransport(options, deadline);
  const asked = new Set<string>();
  /** Notes who is asked until the answer. */
  const from = async <T>(who: string, answer: Promise<T>): Promise<T> => {
    asked.add(who);
    const result = await answer;
    asked.delete(who);
    return result;
  };
  const late = () => new MessagingTimeout(`No answer in time from ${[...asked].join(', nor from ')}`, { target });
  try {
    await scene.reading.acquire(deadline, 0);
    const { maxUnacknowledged: max } = demands;
    const api = `the management API${hostOf(scene.settings.rabbit.managementUrl?.expose())}`;
    const servers = `a server of the topic "${target.topic}"${target.server === undefined ? '' : ` named "${target.server}"`}`;
    const work = Promise.all([
      target.topic ? from(BROKER, queueMeasures(scene, target, demands)) : [],
      target.topic ? seen(from(scene.management ? api : BROKER, exchangeMeasures(scene, target))) : [],
      max === undefined ? [] : seen(from(api, held(scene, target, max))),
      demands.alarms ? from(BROKER_PUBLISHING, alarmMeasure(scene)) : [],
      demands.ping ? from(`${servers} to the ping`, pinged(questions, target)) : [],
    ])
      .then(measuresOf)
      .catch((error: unknown) => {
        throw isTimeout(error) ? late() : error;
      });
    const within = demands.ping ? questions.deadline : deadline;
    const measures = await within.race(work, late);
    return measures.length > 0 ? measures : [{ name: 'broker', ok: true, text: 'connected' }];
  } finally {
    await Promise.all([scene.close(), questions.close()]);
  }
}

/** Resolves with the failure of the management API as a value: it must not hide a fault that AMQP shows. */
function seen(measures: Promise<Measure[]>): Promise<Measure[] | ManagementFailure> {
  return measures.catch((error: unknown) => {
    if (error instanceof ManagementFailure) return error;
    throw error;
  });
}

/** Returns the measures. @throws ManagementFailure where the API failed, and all else is well */
function measuresOf(results: readonly (readonly Measure[] | ManagementFailure)[]): Measure[] {
  const measures = results.flatMap((result) => (result instanceof ManagementFailure ? [] : result));
  const failure = results.find((result) => result instanceof ManagementFailure);
  if (failure && measures.every(({ ok }) => ok)) throw failure;
  return measures;
}

async function queueMeasures(scene: Scene, target: Target, demands: Demands): Promise<Measure[]> {
  const { consumers, maxReady, maxUnacknowledged } = demands;
  const name = queueOf(target);
  const depth = await scene.depthOf(name);
  if (!depth) {
    const isNeeded = consumers > 0 || maxReady !== undefined || maxUnacknowledged !== undefined;
    return [{ name: 'queue', ok: !isNeeded, text: `no queue ${name}` }];
  }
  const counts: Measure[] = [
    { name: 'consumers', ok: depth.consumers >= consumers, text: atLeast(depth.consumers, 'consumer', consumers) },
    { name: 'ready', ok: depth.ready <= (maxReady ?? depth.ready), text: atMost(depth.ready, 'ready', maxReady) },
  ];
  return counts;
}

/** Compares the exchange of the target with the bindings of the queue, where there is one. */
async function exchangeMeasures(scene: Scene, target: Target): Promise<Measure[]> {
  const name = queueOf(target);
  const exchange = target.exchange ?? scene.settings.controlExchange;
  if (!(await scene.depthOf(name))) return [];
  const wrong = (text: string): Measure[] => [
    { name: 'exchange', ok: false, text: `${text}: calls there are undeliverable, give --exchange` },
  ];
  // Nothing can be bound to an exchange that is missing.
  if (!(await scene.hasExchange(exchange))) return wrong(`no exchange ${exchange}`);
  const bindings = await scene.bindingsOf(name);
  if (bindings === undefined)
    return [{ name: 'exchange', ok: true, text: `exchange ${exchange} not checked without --management-url` }];
  if (bindings.some((binding) => binding.exchange === exchange && binding.key === name)) return [];
  const others = [...new Set(bindings.map((binding) => binding.exchange))].join(', ');
  return wrong(`bound to exchange ${others || '(none)'}, not to ${exchange}`);
}

async function held(scene: Scene, target: Target, max: number): Promise<Measure[]> {
  const name = queueOf(target);
  const queue = (await scene.queues()).find((one) => one.name === name);
  const count = queue?.unacknowledged ?? 0;
  return [{ name: 'unacknowledged', ok: count <= max, text: atMost(count, 'unacknowledged', max) }];
}

async function alarmMeasure(scene: Scene): Promise<Measure[]> {
  const alarm = await scene.alarm();
  return alarm === undefined ? [] : [{ name: 'alarms', ok: false, text: alarm }];
}

/** Returns true where a server or the management API has not answered. */
function isTimeout(error: unknown): boolean {
  return error instanceof MessagingTimeout || (toError(error).cause as Error | undefined)?.name === 'TimeoutError';
}

function hostOf(url: string | undefined): string {
  return url === undefined ? '' : ` at ${new URL(url).host}`;
}

/** @throws MessagingTimeout where no server answers */
async function pinged(questions: QuestionTransport, target: Target): Promise<Measure[]> {
  const began = performance.now();
  const timeout = Math.max(1, questions.deadline.remaining()) / 1000;
  await new RPCClient(questions.open(), target, { timeout, retry: 0 }).call({}, PING_METHOD);
  return [{ name: 'ping', ok: true, text: `ping ${Math.round(performance.now() - began)} ms` }];
}

function queueOf({ topic = '', server }: Target): string {
  return server === undefined ? topic : `${topic}.${server}`;
}

function atLeast(count: number, what: string, min: number): string {
  return count < min ? `${counted(count, what)} (at least ${min} wanted)` : counted(count, what);
}

function atMost(count: number, what: string, max = Number.POSITIVE_INFINITY): string {
  return count > max ? `${count} ${what} (at most ${max} wanted)` : `${count} ${what}`;
}
