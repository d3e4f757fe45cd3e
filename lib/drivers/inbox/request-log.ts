import { type LogSubject, logAbout, requestSubject } from '../../core/log-subject.js';
import { type LogSink, oneLine } from '../../core/logger.js';
import type { RpcRequest } from '../../core/rpc-message.js';
import type { Target } from '../../core/target.js';
import type { Delivery } from './delivery.js';

/** Maximum length of an id in a line, in characters. */
const MAX_ID = 64;

/** Log lines about the requests of a server. */
export class RequestLog {
  /** @param listening exchange, topic and server that are listened on */
  constructor(
    private readonly logger: LogSink,
    private readonly listening: Target | undefined,
  ) {}

  /** Writes a line about a request, which ends with its names. */
  write(level: keyof LogSink, request: RpcRequest | undefined, delivery: Delivery, text: string): void {
    logAbout(this.logger, level, this.subjectOf(request, delivery), text);
  }

  /** Returns the subject of lines about a request; about its queue alone where it cannot be read. */
  subjectOf(request: RpcRequest | undefined, { queue }: Delivery): LogSubject {
    const { exchange, topic, server } = this.listening ?? {};
    const place = { exchange, topic, server, queue };
    return request ? requestSubject(request, place) : place;
  }

  /** Warns of a message that was delivered before. */
  duplicate(request: RpcRequest, delivery: Delivery): void {
    const text = `Dropped a duplicate of message ${oneLine(request.uniqueId ?? '', MAX_ID)}`;
    this.write('warn', request, delivery, text);
  }

  /** Warns of a call with an unusable reply address; it runs all the same, as in Python. A cast has no address. */
  unusableAddress(request: RpcRequest, delivery: Delivery): void {
    const { msgId, replyQueue } = request;
    if (msgId === undefined && replyQueue === undefined) return;
    const address = `message id "${oneLine(msgId ?? '', MAX_ID)}", reply queue "${oneLine(replyQueue ?? '', MAX_ID)}"`;
    const text = `Running a call that cannot be answered, because its reply address is incomplete: ${address}`;
    this.write('warn', request, delivery, text);
  }
}
