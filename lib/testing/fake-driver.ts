import {
  type CallOptions,
  ConfigurationError,
  type Driver,
  type DriverContext,
  type DriverStatus,
  deserializeFailure,
  INFO_METHOD,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingTimeout,
  NoSuchMethod,
  newId,
  PassedMessage,
  RemoteError,
  type RpcInvocation,
  readRequest,
  replyMessage,
  requestMessage,
  type SendOptions,
  type ServerInfo,
  serializeFailure,
  type Target,
  type TransportHealth,
  toError,
} from '../internal.js';
import { copied, Entry, type Run, type SentRequest } from './entry.js';
import type { RunHandler } from './handlers.js';
import type { Recorder } from './recorder.js';

/** Errors of this library that a client makes itself. A handler that throws one decides on the fate of the request. */
const OWN_ERRORS = new Set<unknown>([MessagingTimeout, MessageUndeliverable, MessageDeliveryFailure, RemoteError]);

/** Result or error of a call, as the caller gets it. */
type Outcome = { readonly result: unknown } | { readonly error: Error };

/** Parts of a {@link FakeDriver}. */
export interface FakeDriverParts extends DriverContext {
  readonly handlers: ReadonlyMap<string, RunHandler>;
  readonly recorder: Recorder;
  /** Modules whose registered exceptions reach the caller as their classes. */
  readonly allowedModules: Pick<ReadonlySet<string>, 'has'>;
  /** Answer to discovery, of the one server that the functions stand for. Undefined: the method is unknown, as any other. */
  readonly info?: ServerInfo | undefined;
}

/** Driver that answers requests by functions. Values pass through their form on the wire. */
export class FakeDriver implements Driver {
  private readonly running = new Map<Run, Entry>();
  private readonly awaited = new Set<Entry>();
  private closed = false;

  constructor(private readonly parts: FakeDriverParts) {}

  /** Yields the messages that are being handled, or wait for a reply. May name one several times. */
  *inFlight(): Generator<Entry> {
    yield* this.awaited;
    yield* this.running.values();
  }

  async call(request: RpcInvocation, { target, deadline, collect }: CallOptions): Promise<unknown> {
    const { method } = request;
    const { info } = this.parts;
    if (info !== undefined && method === INFO_METHOD) {
      if (collect === undefined) return info;
      collect({ result: info });
      return null;
    }
    const entry = this.record('call', request, target);
    this.awaited.add(entry);
    const late = () =>
      new MessagingTimeout(`Timed out waiting for a reply of the fake client ("${method}" on ${target})`, {
        target,
        method,
      });
    try {
      const outcome = await deadline.race(this.run(entry), late);
      if ('error' in outcome) throw outcome.error;
      entry.resolve(outcome.result);
      return copied(outcome.result);
    } catch (error) {
      entry.reject(toError(error));
      throw error;
    } finally {
      this.awaited.delete(entry);
    }
  }

  async cast(request: RpcInvocation, { target }: SendOptions): Promise<void> {
    // Accepted first, and handled later, as by a broker.
    void this.run(this.record('cast', request, target));
  }

  async notify(): Promise<never> {
    throw onlyRequests();
  }

  async listen(): Promise<never> {
    throw onlyRequests();
  }

  async listenForNotifications(): Promise<never> {
    throw onlyRequests();
  }

  async connect(): Promise<void> {}

  onStatus(listener: (status: DriverStatus) => void): () => void {
    listener(this.status);
    return () => undefined;
  }

  health(): TransportHealth {
    const { status } = this;
    return {
      status,
      publishing: status,
      consuming: status,
      consumers: [],
      replyQueue: undefined,
      lastError: undefined,
      pendingCalls: this.awaited.size,
      pendingPublishes: 0,
      pendingPublishBytes: 0,
      queuedMessages: 0,
      queuedBytes: 0,
      inWork: this.running.size,
      slots: 0,
      waitingForSlot: 0,
      blockedSeconds: 0,
      counts: this.parts.counters.read(),
    };
  }

  async queueDepths(): Promise<never[]> {
    return [];
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  private get status(): DriverStatus {
    return this.closed ? 'closed' : 'connected';
  }

  /** Records a request. @throws ClientSendError for a request without a form as a message */
  private record(kind: SentRequest['kind'], request: RpcInvocation, target: Target): Entry<SentRequest> {
    const { recorder, settings } = this.parts;
    const ids = { msgId: undefined, replyQueue: undefined, uniqueId: newId(), callMonitorTimeout: undefined };
    const message = PassedMessage.of(requestMessage(request, ids), settings.limits).copy();
    const { method, args, context } = readRequest(message);
    return recorder.add(new Entry({ kind, target, method, args, context }));
  }

  /** Runs the handler of a request. Never rejects. */
  private async run(entry: Entry<SentRequest>): Promise<Outcome> {
    // The caller goes on first, as it does while a message is under way.
    await Promise.resolve();
    const { kind, target, method, args, context } = entry.sent;
    const { namespace, version } = target;
    const run = entry.start('fake');
    this.running.set(run, entry);
    try {
      const handler = this.parts.handlers.get(method);
      if (!handler) throw new NoSuchMethod(method);
      const invocation = { method, args: copied(args), context: copied(context), namespace, version };
      const result = this.onWire(await handler(invocation, { kind, target, method }));
      run.end(undefined, result);
      return { result };
    } catch (thrown) {
      const error = this.errorOf(thrown, entry.sent);
      run.end(error);
      return { error };
    } finally {
      this.running.delete(run);
    }
  }

  /** Returns the result as it arrives. @throws ClientSendError for a result without a form as a message */
  private onWire(result: unknown): unknown {
    const reply = replyMessage({ result, failure: null, ending: true, msgId: '' });
    return PassedMessage.of(reply, this.parts.settings.limits).copy()['result'] ?? null;
  }

  /** Returns the error that the caller gets. */
  private errorOf(thrown: unknown, { target, method }: SentRequest): Error {
    if (OWN_ERRORS.has(toError(thrown).constructor)) return toError(thrown);
    const failure = serializeFailure(thrown, this.parts.settings.sendTracebacks);
    return deserializeFailure(failure, this.parts.allowedModules, { target, method });
  }
}

const onlyRequests = () => new ConfigurationError('A fake client makes calls and casts only; use a TestBroker');
