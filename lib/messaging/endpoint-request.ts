import { attemptIn } from '../core/attempt.js';
import type { Target } from '../core/target.js';
import type { IncomingRequest } from '../drivers/driver.js';
import { type CurrentRequest, type RequestScope, remainingSeconds, servedTarget } from './current-request.js';
import type { RequestContext } from './request-context.js';

/** Request that the method of a plain endpoint handles. */
export class EndpointRequest implements RequestScope, CurrentRequest {
  constructor(
    readonly readContext: () => unknown,
    readonly incoming: IncomingRequest,
    private readonly listening: Target,
  ) {}

  get view(): this {
    return this;
  }

  getTarget(): Target {
    return servedTarget(this.listening, this.incoming.request);
  }

  getMethod(): string {
    return this.incoming.request.method;
  }

  getMessageId(): string | undefined {
    const { msgId, uniqueId } = this.incoming.request;
    return msgId ?? uniqueId;
  }

  getAttempt(): number {
    return attemptIn(this.incoming.request.context);
  }

  getRequestContext<T = RequestContext>(): T {
    return this.readContext() as T;
  }

  getRemainingTime(): number | undefined {
    return remainingSeconds(this.incoming);
  }

  getSignal(): AbortSignal {
    return this.incoming.signal;
  }
}
