import type { IncomingRequest } from '../drivers/driver.js';
import { type CurrentRequest, type RequestScope, remainingSeconds } from './current-request.js';
import type { RequestContext } from './request-context.js';

/** Request that the method of a plain endpoint handles. */
export class EndpointRequest implements RequestScope, CurrentRequest {
  constructor(
    private readonly context: unknown,
    readonly incoming: IncomingRequest,
  ) {}

  get view(): this {
    return this;
  }

  readContext(): unknown {
    return this.context;
  }

  getMethod(): string {
    return this.incoming.request.method;
  }

  getMessageId(): string | undefined {
    const { msgId, uniqueId } = this.incoming.request;
    return msgId ?? uniqueId;
  }

  getRequestContext<T = RequestContext>(): T {
    return this.context as T;
  }

  getRemainingTime(): number | undefined {
    return remainingSeconds(this.incoming);
  }

  getSignal(): AbortSignal {
    return this.incoming.signal;
  }
}
