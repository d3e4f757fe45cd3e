import type { RpcApiMethod } from '../contracts/api-method.js';
import type { RpcApi } from '../contracts/rpc-api.js';

/** API that an endpoint class answers, for the strategy, in Nest's pattern extras. */
export interface AnsweredApi {
  readonly api: RpcApi;
  /** Endpoint class. */
  readonly className: string;
  /** `transport` of the endpoint. */
  readonly transport: string | undefined;
}

/**
 * APIs that the endpoints of a server answer. A subclass without `@RpcEndpoint` has the API of its base class, but Nest does
 * not serve the methods that it overrides.
 */
export class AnsweredApis {
  private readonly answered: AnsweredApi[] = [];
  private readonly served = new Set<RpcApiMethod>();

  add(answered: AnsweredApi): void {
    this.answered.push(answered);
  }

  /** Adds a method that has a handler. */
  serve(method: RpcApiMethod | undefined): void {
    if (method) this.served.add(method);
  }

  /** Returns a complaint for each API of which a method has no handler. */
  problems(): string[] {
    return this.answered.flatMap(({ api, className }) => {
      const missing = Object.values(api.methods).filter((method) => !this.served.has(method));
      if (missing.length === 0) return [];
      const names = missing.map(({ key }) => `"${key}"`).join(', ');
      return `A subclass of ${className} does not answer its API (${api.target}): it overrides ${names}, and is no endpoint itself. Decorate the subclass with @RpcEndpoint, too`;
    });
  }
}
