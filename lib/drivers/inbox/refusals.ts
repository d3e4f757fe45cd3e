import type { MessagingException } from '../../core/errors.js';
import { serializeFailure } from '../../core/failure.js';
import { logAbout } from '../../core/log-subject.js';
import { oneLine } from '../../core/logger.js';
import { findReplyAddress, type ReplyAddress } from '../../core/reply-address.js';
import type { RpcRequest } from '../../core/rpc-message.js';
import type { DriverContext } from '../driver-context.js';
import type { Delivery } from './delivery.js';
import { InboxRequest, type ReplyPorts, type RequestTerms } from './inbox-request.js';
import { peekRequest } from './peek-request.js';
import type { RequestLog } from './request-log.js';

/** Minimum time between warnings of expired requests, in milliseconds: an overloaded server may drop every request. */
const EXPIRED_WARNING_INTERVAL_MS = 10_000;

/** Settles requests that are not run: answers them with a failure, or drops them. */
export class Refusals {
  private warnedAt = Number.NEGATIVE_INFINITY;
  /** Last search for a reply address in a compressed body. */
  private searching: Promise<ReplyAddress | undefined> = Promise.resolve(undefined);

  constructor(
    private readonly context: DriverContext,
    private readonly ports: ReplyPorts,
    private readonly terms: RequestTerms,
    private readonly log: RequestLog,
  ) {}

  /**
   * Answers a message that cannot be run with a failure, when it has a reply address.
   * @param known the request, where it could be read
   */
  async refuse(
    delivery: Delivery,
    count: 'refusedMessages' | 'redeliveries',
    error: MessagingException,
    known?: RpcRequest,
  ): Promise<void> {
    if (!(await delivery.acknowledge())) return;
    const { counters, settings } = this.context;
    counters.count(count);
    const address = await this.addressIn(delivery);
    const messageId = address?.msgId ?? address?.uniqueId;
    const subject = { ...this.log.subjectOf(known, delivery), ...(!known && { messageId }) };
    const text = `Refused a message from "${delivery.queue}": ${oneLine(error.message, 300)}`;
    logAbout(settings.logger, 'warn', subject, text);
    if (!address) return;
    const unread = { method: '', args: {}, namespace: undefined, version: undefined, context: {} };
    const request = { ...unread, ...address, callMonitorTimeout: undefined };
    await this.reply(request, delivery, serializeFailure(error, settings.sendTracebacks));
  }

  /**
   * Drops a request whose caller has given up.
   * @param known the request, where it was read already
   */
  async expire(delivery: Delivery, expires: number, why: string, known?: RpcRequest): Promise<void> {
    if (!(await delivery.acknowledge())) return;
    const { counters, settings } = this.context;
    counters.count('expiredRequests');
    const now = performance.now();
    const overdue = Math.ceil(now - expires);
    const isDue = now - this.warnedAt > EXPIRED_WARNING_INTERVAL_MS;
    if (isDue) this.warnedAt = now;
    this.log.write(
      isDue ? 'warn' : 'debug',
      known ?? peekRequest(delivery, settings.limits),
      delivery,
      `Dropped a request from "${delivery.queue}": its caller gave up ${overdue} ms ago, and ${why}`,
    );
  }

  /** Acknowledges a call and answers it with a failure. */
  async answer(request: RpcRequest, delivery: Delivery, failure: string): Promise<void> {
    if (await delivery.acknowledge()) await this.reply(request, delivery, failure);
  }

  private async reply(request: RpcRequest, { expires }: Delivery, failure: string): Promise<void> {
    const refused = new InboxRequest(request, expires, this.context, this.ports, this.terms);
    await refused.reply({ result: null, failure, ending: true });
  }

  private addressIn(delivery: Delivery): ReplyAddress | undefined | Promise<ReplyAddress | undefined> {
    const { bodyBytes } = this.context.settings.limits;
    if (delivery.compression === undefined) return findReplyAddress(delivery.body, bodyBytes);
    // One at a time: each may decompress to the maximum size of a body.
    this.searching = this.searching.then(() => this.addressAside(delivery));
    return this.searching;
  }

  private async addressAside(delivery: Delivery): Promise<ReplyAddress | undefined> {
    const { limits } = this.context.settings;
    try {
      return findReplyAddress((await delivery.textAside?.(limits)) ?? delivery.body, limits.bodyBytes);
    } catch {
      // The body cannot be decompressed.
      return undefined;
    }
  }
}
