import {
  getRpcClient,
  getRpcTransport,
  MessagingException,
  RemoteError,
  type RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { LagProbe } from '../../support/lag-probe.js';
import type { Journal } from './journal.js';
import type { WorkerPlan } from './worker-commands.js';

/** Requests go out in small groups, so often a second. */
const GROUPS = 50;
/** Maximum number of unsettled requests of a client, in seconds of its load. A slow machine gets less load. */
const BACKLOG = 4;
/** A request that is settled so late after its deadline, in milliseconds, breaks a promise. */
const LATENESS = 250;

/** A client's load: calls and casts at steady rates, each of them noted when it is sent and when it is settled. */
export class Load {
  readonly #transport;
  readonly #client: RPCClient;
  readonly #lag = new LagProbe();
  readonly #timeout: number;
  #timer: NodeJS.Timeout | undefined;
  #pending = 0;
  #next = 0;
  #settled: (() => void) | undefined;

  constructor(
    private readonly plan: WorkerPlan,
    private readonly journal: Journal,
  ) {
    this.#transport = getRpcTransport(plan.options);
    this.#timeout = this.#transport.settings.rpcResponseTimeout;
    const atLeastOnce = plan.options.delivery === 'at-least-once';
    // A cast that no queue took is not confirmed, where no cast may be lost.
    const options = atLeastOnce ? { transportOptions: { atLeastOnce } } : {};
    this.#client = getRpcClient(this.#transport, new Target({ topic: plan.topic, version: '1.0' }), options);
  }

  start(): void {
    if (this.#timer) return;
    this.#lag.start();
    const begin = performance.now();
    const { callRate, castRate } = this.plan;
    const sent = { call: 0, cast: 0 };
    this.#timer = setInterval(() => {
      const seconds = (performance.now() - begin) / 1000;
      // What a stopped process has missed is not made up for.
      const due = (rate: number, done: number) => Math.min(rate * seconds - done, Math.max(1, (5 * rate) / GROUPS));
      for (let n = due(callRate, sent.call); n >= 1; n--) this.#send('call');
      for (let n = due(castRate, sent.cast); n >= 1; n--) this.#send('cast');
      Object.assign(sent, { call: Math.floor(callRate * seconds), cast: Math.floor(castRate * seconds) });
    }, 1000 / GROUPS);
  }

  /** Resolves when all that was sent has settled. */
  async rest(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
    this.#lag.stop();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#lag.stop();
    await this.#transport.cleanup();
  }

  #send(kind: 'call' | 'cast'): void {
    if (this.#pending >= BACKLOG * (this.plan.callRate + this.plan.castRate)) return;
    const id = `${this.plan.name}-${this.#next++}`;
    const { journal } = this;
    journal.note(kind === 'call' ? 'called' : 'cast', id);
    const context = { user_id: 'lab', auth_token: this.plan.token };
    this.#pending++;
    const request =
      kind === 'call' ? this.#client.call(context, 'work', { id }) : this.#client.cast(context, 'note', { id });
    // A busy machine may also keep the process from running before the library looks at the clock.
    const deadline = performance.now() + this.#timeout;
    request
      .then(
        (result) => {
          if (kind === 'cast') journal.note('confirmed', id);
          else journal.note(result === id ? 'answered' : 'wrong', id);
        },
        (error: unknown) => {
          journal.note('failed', id, `${codeOf(error)} ${String(error)}`);
        },
      )
      .finally(() => {
        const late = performance.now() - deadline;
        if (late > LATENESS && late > LATENESS + this.#lag.since(deadline)) journal.note('late', id, late.toFixed());
        this.#pending--;
        if (this.#pending === 0) this.#settled?.();
      });
  }
}

function codeOf(error: unknown): string {
  // A server's answer to what came a second time.
  if (error instanceof RemoteError && error.excType === 'MessageDeliveryFailure') return 'REFUSED';
  return error instanceof MessagingException ? error.code : 'untyped';
}
