import { Deadline } from '../../core/deadline.js';
import type { Dict } from '../../core/dict.js';
import { encodeMessage } from '../../core/envelope.js';
import { InvalidMessage, toError } from '../../core/errors.js';
import { newId } from '../../core/id.js';
import { logAbout } from '../../core/log-subject.js';
import { oneLine } from '../../core/logger.js';
import { replyMessage } from '../../core/rpc-message.js';
import type { Settings } from '../../core/settings.js';
import { AbortedCalls } from '../inbox/aborted-calls.js';
import { type Cancellable, Cancellations } from '../inbox/cancellations.js';
import type { Delivery } from '../inbox/delivery.js';
import type { Aborting, PendingCall } from '../inbox/pending-calls.js';
import type { Publisher } from './publishing/publisher.js';
import { CANCEL, CANCEL_TO } from './wire/header-names.js';

/** Time in milliseconds after which a request is announced. Shorter handlers cost no message. */
const ANNOUNCE_DELAY_MS = 50;

/** Time in milliseconds for which an announcement or a cancellation may wait for the broker, and in its queue. */
const EXPIRATION_MS = 30_000;

/** Functions of the driver that these messages need. */
export interface CancelPorts {
  readonly publisher: Publisher;
  /** Resolves with the name of the reply queue of this transport; with undefined where it has none. Never rejects. */
  readonly address: () => Promise<string | undefined>;
}

/**
 * Messages with which callers cancel requests at their servers. A server announces a request that can be cancelled to its
 * caller, with its own reply queue; the caller that gives it up sends a message there. Nothing waits for either of them,
 * closing only writes them, and none is published again: a request that misses its cancellation ends at its deadline.
 */
export class CancelMessages implements Aborting {
  /** Requests that run here. */
  readonly cancellations = new Cancellations((request) => void this.announce(request), ANNOUNCE_DELAY_MS);
  /** Calls from here. */
  private readonly abortedCalls = new AbortedCalls();
  private closed = false;

  constructor(
    private readonly settings: Settings,
    private readonly ports: CancelPorts,
  ) {}

  aborted(call: PendingCall, why: unknown): void {
    const reason = this.abortedCalls.add(call, why);
    if (call.cancelTo !== undefined) this.cancel(call.msgId, call.cancelTo, reason);
  }

  announced(msgId: string, cancelTo: string): void {
    const reason = this.abortedCalls.reasonOf(msgId);
    if (reason !== undefined) this.cancel(msgId, cancelTo, reason);
  }

  /** Accepts a message that cancels a request. A late one finds none. */
  receive(delivery: Delivery): void {
    const { limits, logger } = this.settings;
    void delivery.acknowledge();
    try {
      const { _msg_id: msgId, reason } = delivery.read(limits);
      if (typeof msgId !== 'string' || typeof reason !== 'string') throw new InvalidMessage('it names no request');
      if (!this.cancellations.cancel(msgId, reason))
        logAbout(
          logger,
          'debug',
          { messageId: msgId },
          `No request runs that a caller has cancelled: ${oneLine(msgId, 64)}`,
        );
    } catch (error) {
      logger.debug(`Refused the cancellation of a request: ${oneLine(toError(error).message)}`);
    }
  }

  /** Sends nothing more. */
  close(): void {
    this.closed = true;
  }

  private async announce(request: Cancellable): Promise<void> {
    const cancelTo = await this.ports.address();
    if (cancelTo === undefined || !this.cancellations.has(request)) return;
    const { msgId, replyQueue } = request;
    const message = replyMessage({ result: null, failure: null, ending: false, msgId }, newId());
    this.send(replyQueue, message, { [CANCEL_TO]: cancelTo });
  }

  private cancel(msgId: string, queue: string, reason: string): void {
    this.send(queue, { _msg_id: msgId, reason }, { [CANCEL]: 1 });
  }

  /** Publishes a message that is lost where its queue is missing. */
  private send(queue: string, message: Dict, headers: Readonly<Record<string, string | number>>): void {
    if (this.closed) return;
    const failed = (error: unknown) => {
      const reason = oneLine(toError(error).message);
      this.settings.logger.debug(`A message about a cancellation may not have been delivered: ${reason}`);
    };
    try {
      const body = encodeMessage(message, this.settings.limits);
      const deadline = Deadline.after(EXPIRATION_MS);
      const publication = { exchange: undefined, routingKey: queue, body, headers, bestEffort: true };
      const expiring = { ...publication, expiration: EXPIRATION_MS, expires: deadline.at };
      this.ports.publisher.send(expiring, deadline, 0, (error) => {
        // The connection has most likely been closed before the confirm.
        if (error !== undefined && !this.closed) failed(error);
      });
    } catch (error) {
      failed(error);
    }
  }
}
