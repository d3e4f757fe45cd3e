import { isDenying, PERMITTED_QUERY } from '../../testkit/release.js';
import { PythonProcess } from './python-process.js';
import type {
  PythonFilter,
  PythonFilterCandidate,
  PythonHeaders,
  PythonListenerOptions,
  PythonLogLine,
  PythonNotification,
  PythonPeerOptions,
  PythonRequest,
  PythonRouting,
  PythonServerOptions,
  PythonSpan,
  Received,
  ReceivedNotification,
  ReceivedRpc,
  Stoppable,
} from './python-types.js';

export type * from './python-types.js';
export { PythonError } from './python-values.js';

/** Options without which no Python peer works on these brokers. A test's own options win, and so does the query of its URL. */
const NEEDED = isDenying ? Object.fromEntries(new URLSearchParams(PERMITTED_QUERY)) : {};

/**
 * A Python process that speaks oslo.messaging: client, server, notifier and listener, on one transport. It takes a
 * second to start, so a test file starts one and shares it. What `call` raises in Python rejects with a PythonError.
 */
export class PythonPeer {
  private constructor(private readonly process: PythonProcess) {}

  /** @param url null for that of the configuration */
  static async start(url: string | null, { bare = false, ...options }: PythonPeerOptions = {}): Promise<PythonPeer> {
    const process = new PythonProcess();
    const config = { ...(bare ? {} : NEEDED), ...options.config };
    try {
      await process.ask('configure', { url, ...options, config });
    } catch (error) {
      await process.stop();
      throw error;
    }
    return new PythonPeer(process);
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** The last lines of Python's log. */
  get stderr(): string {
    return this.process.stderr;
  }

  /** Resolves when the server's queues are declared. */
  startServer(options: PythonServerOptions): Promise<Stoppable> {
    return this.#stoppable('start_server', options);
  }

  /** A server with the endpoints of the differential tests. */
  startDifferentialServer(options: Pick<PythonServerOptions, 'topic' | 'server' | 'exchange'>): Promise<Stoppable> {
    return this.#stoppable('start_differential_server', options);
  }

  /** Returns the executions of the differential endpoints since the last {@link takeExecutions}. */
  executionCount(): Promise<number> {
    return this.process.ask('execution_count') as Promise<number>;
  }

  /** The contexts that the differential endpoints got, as JSON text, by request; forgotten when told. */
  takeExecutions(): Promise<Record<string, string[]>> {
    return this.process.ask('take_executions') as Promise<Record<string, string[]>>;
  }

  /** Sends a request that is given as JSON text, so that no digit is lost on the way; tells of its outcome likewise. */
  differentialRequest(text: string): Promise<{ result: string } | { error: string }> {
    return this.process.ask('differential_request', { text }) as Promise<{ result: string } | { error: string }>;
  }

  call<T = unknown>(request: PythonRequest): Promise<T> {
    return this.process.ask('call', request) as Promise<T>;
  }

  async cast(request: PythonRequest): Promise<void> {
    await this.process.ask('cast', request);
  }

  async notify(notification: PythonNotification): Promise<void> {
    await this.process.ask('notify', notification);
  }

  /** Logs through oslo.messaging's PublishErrorsHandler. */
  async logError(line: PythonLogLine): Promise<void> {
    await this.process.ask('log_error', line);
  }

  /** Logs through oslo.messaging's LoggingNotificationHandler. */
  async logRecord(line: PythonLogLine): Promise<void> {
    await this.process.ask('log_record', line);
  }

  listenNotifications(options: PythonListenerOptions): Promise<Stoppable> {
    return this.#stoppable('listen', options);
  }

  /** Resolves with true for each candidate that the NotificationFilter of the Python library accepts. */
  filterMatches(rule: PythonFilter, candidates: PythonFilterCandidate[]): Promise<boolean[]> {
    return this.process.ask('filter_matches', { rule, candidates }) as Promise<boolean[]>;
  }

  /** The drivers that the library's routing notifier would use for each event type and priority. */
  routedDrivers(groups: PythonRouting, events: [eventType: string, priority: string][]): Promise<string[][]> {
    return this.process.ask('routed_drivers', { groups, events }) as Promise<string[][]>;
  }

  /** Everything that the Python endpoints got since the start or the last `forget`, in order of arrival. */
  received(): Promise<Received[]> {
    return this.process.ask('received') as Promise<Received[]>;
  }

  async receivedRpcs(method?: string): Promise<ReceivedRpc[]> {
    const all = await this.received();
    return all.filter((one) => one.kind === 'rpc').filter((one) => method === undefined || one.method === method);
  }

  async receivedNotifications(eventType?: string): Promise<ReceivedNotification[]> {
    const all = await this.received();
    return all
      .filter((one) => one.kind === 'notification')
      .filter((one) => eventType === undefined || one.eventType === eventType);
  }

  /** The spans that have ended, where `tracing` is set. */
  spans(): Promise<PythonSpan[]> {
    return this.process.ask('spans') as Promise<PythonSpan[]>;
  }

  async forget(): Promise<void> {
    await this.process.ask('forget');
  }

  /** From now on, with each message. */
  async chooseHeaders(kind: PythonHeaders): Promise<void> {
    await this.process.ask('choose_headers', { kind });
  }

  /** The version of the Python library, e.g. `14.0.3`. */
  version(): Promise<string> {
    return this.process.ask('version') as Promise<string>;
  }

  /** A fault: Python dies at once, its connections with it. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  /** Stops what runs in the peer, closes its connections and ends the process. */
  stop(): Promise<void> {
    return this.process.stop();
  }

  async #stoppable(operation: string, options: object): Promise<Stoppable> {
    const handle = await this.process.ask(operation, options);
    return {
      stop: async () => {
        await this.process.ask('stop', { handle });
      },
    };
  }
}
