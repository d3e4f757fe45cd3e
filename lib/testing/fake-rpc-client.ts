import { BackingOffClient, type ClientOptions, Target, type TargetFields } from '../index.js';
import { checkNames, requestContextSerializer, Transport } from '../internal.js';
import { describeFlight } from './describe.js';
import type { FakeDriver } from './fake-driver.js';
import { fakeTransport, TIMEOUT_SECONDS } from './fake-transport.js';
import { runnersOf, type StandInHandlers } from './handlers.js';
import { Recorder } from './recorder.js';
import type { CallRecord, CastRecord } from './records.js';
import { type SettleOptions, settle } from './settle.js';

/** Options of {@link fakeRpcClient}. */
export interface FakeClientOptions extends ClientOptions {
  /** Target of the client. Handlers answer any. @default the topic `fake` */
  target?: Target | TargetFields | undefined;
  /** Python modules whose registered exceptions reach the caller as their classes. @default all */
  allowedRemoteExmods?: readonly string[] | undefined;
}

const OPTIONS: readonly (keyof FakeClientOptions)[] = [
  'target',
  'allowedRemoteExmods',
  'timeout',
  'versionCap',
  'serializer',
  'retry',
  'callMonitorTimeout',
  'transportOptions',
  'signal',
  'propagateDeadlines',
];

/** Client whose requests are answered by functions, without a broker. It records them. Of each kind, the newest 10,000 are kept. */
export class FakeRpcClient extends BackingOffClient {
  /** @internal */
  constructor(
    transport: Transport,
    target: Target,
    options: ClientOptions,
    private readonly recorder: Recorder,
    private readonly fake: FakeDriver,
  ) {
    super(transport, target, options);
  }

  /** Recorded calls, oldest first. */
  get calls(): readonly CallRecord[] {
    return this.recorder.calls;
  }

  /** Recorded casts, oldest first. */
  get casts(): readonly CastRecord[] {
    return this.recorder.casts;
  }

  /**
   * Resolves when no call waits and no handler runs.
   * @throws NotSettled after the timeout
   */
  settled(options: SettleOptions = {}): Promise<void> {
    const inFlight = () => [...new Set(this.fake.inFlight())];
    const describe = () => inFlight().map((entry) => describeFlight(entry.snapshot()));
    return settle({ isIdle: () => inFlight().length === 0, describe }, options);
  }

  /** Forgets the recorded calls and casts. */
  reset(): void {
    this.recorder.clear();
  }
}

/**
 * Makes a client for unit tests: give it where a {@link BackingOffClient} or an RPCClient is injected. Handlers get the
 * arguments, the request context and the request. Their errors reach the caller as a remote server's do; a
 * MessagingTimeout, MessageUndeliverable, MessageDeliveryFailure or RemoteError reaches it as it is. A method without a
 * handler fails as an unknown method of a server does.
 * @param handlers functions by method
 * @throws ConfigurationError for an unknown or ill-typed option, or a handler that is no function
 */
export function fakeRpcClient(handlers: StandInHandlers, options: FakeClientOptions = {}): FakeRpcClient {
  checkNames(options, OPTIONS, 'fakeRpcClient option');
  const { target = { topic: 'fake' }, allowedRemoteExmods, ...given } = options;
  const serializer = requestContextSerializer(given.serializer);
  const runners = runnersOf(handlers, serializer, 'fakeRpcClient');
  const { transport, driver, recorder } = fakeTransport(runners, allowedRemoteExmods);
  const clientOptions = { timeout: TIMEOUT_SECONDS, ...given, serializer };
  return new FakeRpcClient(transport, targetOf(target), clientOptions, recorder, driver);
}

const targetOf = (target: Target | TargetFields) => (target instanceof Target ? target : new Target(target));
