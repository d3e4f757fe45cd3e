import { Deadline } from '../../core/deadline.js';
import { InvalidMessage, MessageDeliveryFailure, type MessagingException, toError } from '../../core/errors.js';
import { serializeFailure } from '../../core/failure.js';
import { oneLine } from '../../core/logger.js';
import type { Settings } from '../../core/options.js';
import { findReplyAddress, type ReplyAddress } from '../../core/reply-address.js';
import { type RpcRequest, readRequest } from '../../core/rpc-message.js';
import type { AcknowledgeAfterReply, Receive } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import { AtLeastOnce, type CountReturn } from './at-least-once.js';
import { ConcurrencyLimit } from './concurrency-limit.js';
import type { PublishDeadLetter } from './dead-letters.js';
import type { Delivery } from './delivery.js';
import { DuplicateWindow } from './duplicate-window.js';
import { IncomingRequest, type OnWaiting, type ReplyPorts } from './incoming-request.js';
import { WorkLimit } from './work-limit.js';

/** What an inbox needs of its driver. */
export interface InboxPorts extends ReplyPorts {
  /** Whether a request may come again that was taken off its queue. */
  readonly repeats: boolean;
  readonly deadLetter: PublishDeadLetter;
  readonly countReturn: CountReturn;
}

/** Said once in so many milliseconds, because it may happen to every request of a server that is overloaded. */
const PAUSE_BETWEEN_WARNINGS = 10_000;

const CAME_BACK =
  'The request came a second time: a server may have begun it before, and it is to run once at most (refuseRedelivered)';

/**
 * A server's requests between the broker and the handlers: acknowledged just before they start and only when a slot
 * is free, so that unstarted work stays in the broker, or late, when they are answered; dropped when seen before.
 */
export class Inbox {
  private readonly concurrencyLimit: ConcurrencyLimit<Delivery>;
  private readonly workLimit: WorkLimit;
  private readonly seen: DuplicateWindow;
  private readonly late: AtLeastOnce;
  /** Replies whose queue is away. */
  private readonly waiting = new Set<Promise<void>>();
  private readonly settings: Settings;
  private warned = Number.NEGATIVE_INFINITY;
  /** For whom to answer, in what cannot be read. */
  private looking: Promise<ReplyAddress | undefined> = Promise.resolve(undefined);

  /** @param acknowledgeAfterReply undefined where no request is */
  constructor(
    private readonly context: DriverContext,
    concurrency: number,
    private readonly receive: Receive,
    private readonly acknowledgeAfterReply: AcknowledgeAfterReply | undefined,
    private readonly ports: InboxPorts,
  ) {
    this.settings = context.settings;
    const { limits, logger } = this.settings;
    this.concurrencyLimit = new ConcurrencyLimit(concurrency, logger, {
      start: (delivery) => this.process(delivery),
      abandon: (delivery) => delivery.release(),
      take: (delivery) => this.workLimit.take(delivery),
      give: (taken) => this.workLimit.give(taken),
    });
    this.workLimit = new WorkLimit(limits, concurrency);
    this.seen = new DuplicateWindow(limits.duplicateWindow, limits.duplicateTtl);
    this.late = new AtLeastOnce(context, concurrency, this.seen, ports.deadLetter, ports.countReturn);
  }

  /** How much is in work. */
  get busy(): number {
    return this.concurrencyLimit.taken;
  }

  /** Takes a message off the wire. Where it cannot be acknowledged, it is not processed: the broker delivers it again. */
  push(delivery: Delivery): void {
    this.concurrencyLimit.add(delivery);
  }

  /** Takes nothing new, and puts back what has not begun. @param graceful whether there is time to finish */
  close(graceful: boolean): void {
    this.late.close();
    // What is handed back has been delivered before, and would be refused.
    this.concurrencyLimit.close(graceful && this.settings.refuseRedelivered);
  }

  /** Closes; resolves when all that runs is answered, or after the time. */
  async drain(milliseconds: number): Promise<void> {
    const deadline = Deadline.after(milliseconds);
    this.close(true);
    await this.concurrencyLimit.drain(milliseconds, this.settings.refuseRedelivered);
    if (this.waiting.size === 0) return;
    await deadline
      .race(Promise.all(this.waiting), () => new Error())
      .catch(() => {
        this.settings.logger.warn(`${this.waiting.size} replies still waited for their queues after the drain timeout`);
      });
  }

  /** Without a step that need not be waited for: on the usual way each would be a good part of what a call costs. */
  private process(delivery: Delivery): Promise<unknown> {
    const { limits, refuseRedelivered } = this.settings;
    const { expires } = delivery;
    if (expires < performance.now()) return this.expire(delivery);
    let request: RpcRequest;
    try {
      request = readRequest(delivery.read(limits));
    } catch (error) {
      return this.refuse(delivery, 'refusedMessages', new InvalidMessage(toError(error).message));
    }
    const acknowledgeAfterReply = this.acknowledgeAfterReply?.(request);
    if (acknowledgeAfterReply && delivery.revoked) return Promise.resolve();
    const isRefused = !acknowledgeAfterReply && refuseRedelivered && delivery.repeated;
    if ((acknowledgeAfterReply || isRefused) && this.isDuplicate(request))
      return Promise.resolve(delivery.acknowledge());
    if (acknowledgeAfterReply) return this.processLate(request, delivery);
    if (isRefused) return this.refuse(delivery, 'redeliveries', new MessageDeliveryFailure(CAME_BACK));
    const acknowledged = delivery.acknowledge();
    if (acknowledged === true) return this.begin(request, expires);
    return acknowledged.then((yes) => (yes ? this.begin(request, expires) : undefined));
  }

  private async expire(delivery: Delivery): Promise<void> {
    if (!(await delivery.acknowledge())) return;
    const { logger } = this.settings;
    this.context.counters.count('expiredRequests');
    const now = performance.now();
    const late = Math.ceil(now - delivery.expires);
    const due = now - this.warned > PAUSE_BETWEEN_WARNINGS;
    if (due) this.warned = now;
    logger[due ? 'warn' : 'debug'](
      `Dropped a request from ${delivery.queue}: its caller gave up ${late} ms ago, and no handler was free before`,
    );
  }

  private isDuplicate({ uniqueId }: RpcRequest): boolean {
    if (uniqueId === undefined || !this.seen.has(uniqueId)) return false;
    this.dropped(uniqueId);
    return true;
  }

  private dropped(uniqueId: string): void {
    this.context.counters.count('duplicates');
    this.settings.logger.warn(`Dropped a duplicate of message ${oneLine(uniqueId, 64)}`);
  }

  /** For a request that has been acknowledged. */
  private begin(request: RpcRequest, expires: number): Promise<void> {
    const { uniqueId } = request;
    if (this.ports.repeats && uniqueId !== undefined && !this.seen.add(uniqueId)) {
      this.dropped(uniqueId);
      return Promise.resolve();
    }
    return this.receive(this.incoming(request, expires, this.awaitReply));
  }

  private async processLate(request: RpcRequest, delivery: Delivery): Promise<void> {
    const served = await this.late.process(request, delivery, async () => {
      const incoming = this.incoming(request, delivery.expires);
      await this.receive(incoming);
      return incoming;
    });
    if (served?.waiting) this.awaitReply(served.waiting);
  }

  private incoming(request: RpcRequest, expires: number, onWaiting?: OnWaiting): IncomingRequest {
    const incoming = new IncomingRequest(request, expires, this.context, this.ports, onWaiting);
    if (!incoming.wantsReply) this.warnOfUnusableAddress(request);
    return incoming;
  }

  private readonly awaitReply: OnWaiting = (waiting) => {
    this.waiting.add(waiting);
    void waiting.finally(() => this.waiting.delete(waiting));
  };

  /** A cast names no address; a call whose address cannot be used runs all the same, as in Python. */
  private warnOfUnusableAddress({ msgId, replyQueue }: RpcRequest): void {
    if (msgId === undefined && replyQueue === undefined) return;
    const address = `message id "${oneLine(msgId ?? '', 64)}", reply queue "${oneLine(replyQueue ?? '', 64)}"`;
    this.settings.logger.warn(`A call cannot be answered: ${address}`);
  }

  /** What cannot be served is still answered, where it says whom to answer. */
  private async refuse(
    delivery: Delivery,
    count: 'refusedMessages' | 'redeliveries',
    error: MessagingException,
  ): Promise<void> {
    if (!(await delivery.acknowledge())) return;
    this.context.counters.count(count);
    this.settings.logger.warn(`Refused a message: ${oneLine(error.message, 300)}`);
    const address = await this.addressIn(delivery);
    if (!address) return;
    const unread = { method: '', args: {}, namespace: undefined, version: undefined, context: {} };
    const request = { ...unread, ...address, callMonitorTimeout: undefined };
    const refused = new IncomingRequest(request, delivery.expires, this.context, this.ports, this.awaitReply);
    const failure = serializeFailure(error, this.settings.sendTracebacks);
    await refused.reply({ result: null, failure, ending: true });
  }

  private addressIn(delivery: Delivery): ReplyAddress | undefined | Promise<ReplyAddress | undefined> {
    const { bodyBytes } = this.settings.limits;
    if (delivery.compression === undefined) return findReplyAddress(delivery.body, bodyBytes);
    // One after the other: each may grow to all that a body may have.
    this.looking = this.looking.then(() => this.addressAside(delivery));
    return this.looking;
  }

  private async addressAside(delivery: Delivery): Promise<ReplyAddress | undefined> {
    const { limits } = this.settings;
    try {
      return findReplyAddress((await delivery.textAside?.(limits)) ?? delivery.body, limits.bodyBytes);
    } catch {
      // It cannot be decompressed.
      return undefined;
    }
  }
}
