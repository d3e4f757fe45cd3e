import { Deadline } from '../core/deadline.js';
import { toMilliseconds } from '../core/duration.js';
import { ConfigurationError, MessagingTimeout, RemoteError, UnsupportedVersion } from '../core/errors.js';
import { checkNames, checkOptions, object } from '../core/option-rules.js';
import { getAwaitedRequest } from '../messaging/current-request.js';
import type { Transport } from '../messaging/transport.js';
import type { ClientOptions } from '../rpc/call-context.js';
import type { RetryPolicy } from '../rpc/retry-policy.js';
import type { RpcApiMethod } from './api-method.js';
import { ApiRequests } from './api-requests.js';
import { AutoCap } from './auto-cap.js';
import type { RpcApiClientOptions, RpcApiRequestOptions, RpcApiRetryPolicy } from './client-types.js';
import { firstOf } from './define-rpc-api.js';
import type { RpcApi } from './rpc-api.js';
import { versionQuestions } from './served-versions.js';
import { AUTO, formUnder, resolveCap } from './version-cap.js';

const POLICY_OPTIONS: readonly (keyof RpcApiRetryPolicy)[] = [
  'attempts',
  'delay',
  'maxDelay',
  'attemptTimeout',
  'budget',
];

/** Requests of a typed client under the cap that is in force. */
export class RequestSource {
  /** Cap that follows the servers; undefined for another cap, or none. */
  readonly auto: AutoCap | undefined;
  private readonly first: string;
  private requests: ApiRequests;

  /**
   * @param shared cap that another client of the same API follows
   * @throws ConfigurationError for an unknown or ill-typed option
   */
  constructor(
    private readonly transport: Transport,
    private readonly api: RpcApi,
    private readonly options: RpcApiClientOptions,
    private readonly changes: RpcApiRequestOptions,
    shared: AutoCap | undefined,
  ) {
    this.first = firstOf(api.version);
    const cap = resolveCap(options.versionCap, api, options.versionAliases);
    this.requests = this.under(cap === AUTO ? this.first : cap);
    if (cap === AUTO) this.auto = shared ?? this.followServers();
  }

  /** Requests under the last known cap. */
  get current(): ApiRequests {
    return this.auto ? this.requestsUnder(this.auto.last) : this.requests;
  }

  /** Sends a request. Rejects, and never throws. */
  send(method: RpcApiMethod, args: object | undefined, options: RpcApiRequestOptions | undefined): Promise<unknown> {
    const { auto } = this;
    return auto ? this.sendFollowing(auto, method, args, options) : this.requests.send(method, args, options);
  }

  private async sendFollowing(
    auto: AutoCap,
    method: RpcApiMethod,
    args: object | undefined,
    options: RpcApiRequestOptions | undefined,
  ): Promise<unknown> {
    // What every server has need not wait.
    const own =
      auto.current === undefined && method.version !== this.first ? await this.waitFor(auto, method, options) : options;
    const { last, generation } = auto;
    try {
      return await this.requestsUnder(last).send(method, args, own);
    } catch (error) {
      const { version } = formUnder(last, method);
      if (isRefusalOf(error, method.name, version)) auto.refused(version, generation);
      throw error;
    }
  }

  /** Waits for the servers' answer, within the time of a request. Returns its options with the time that is left. */
  private async waitFor(
    auto: AutoCap,
    method: RpcApiMethod,
    options: RpcApiRequestOptions = {},
  ): Promise<RpcApiRequestOptions> {
    const { changes, transport } = this;
    const timeout = options.timeout ?? changes.timeout ?? method.timeout ?? this.options.timeout ?? undefined;
    const limit = timeout === undefined ? transport.settings.rpcResponseTimeout : toMilliseconds(timeout, 'timeout');
    const propagates =
      options.propagateDeadlines ??
      changes.propagateDeadlines ??
      this.options.propagateDeadlines ??
      transport.settings.propagateDeadlines;
    const outer = (propagates ? getAwaitedRequest()?.expires : undefined) ?? Number.POSITIVE_INFINITY;
    const deadline = Deadline.within(limit, outer, options.signal ?? changes.signal);
    const details = { target: this.api.target, method: method.name };
    const late = () =>
      new MessagingTimeout(
        `"${method.name}" on ${this.api.target} was not sent: no server has reported its version`,
        details,
      );
    // Half of the time is left for the call.
    await deadline.race(auto.answer(deadline.remaining() / 2), late);
    return { ...options, timeout: `${deadline.remaining()}ms` };
  }

  private requestsUnder(cap: string): ApiRequests {
    if (this.requests.cap !== cap) this.requests = this.under(cap);
    return this.requests;
  }

  private under(cap: string | undefined): ApiRequests {
    const { versionAliases, retryPolicy, ...options } = this.options;
    checkOptions({ versionAliases }, { versionAliases: object }, '');
    const given: ClientOptions = { ...options, versionCap: cap };
    if (retryPolicy != null) given.retryPolicy = this.policyOf(retryPolicy);
    return new ApiRequests(this.transport, this.api, given, this.changes);
  }

  private policyOf(policy: RpcApiRetryPolicy): RetryPolicy {
    checkOptions({ retryPolicy: policy }, { retryPolicy: object }, '');
    if ('methods' in policy)
      throw new ConfigurationError(
        'retryPolicy.methods: remove it. A typed client repeats the methods that are "idempotent: true" in the API',
      );
    checkNames(policy, POLICY_OPTIONS, 'option', 'retryPolicy.');
    const idempotent = Object.values(this.api.methods).filter((method) => method.idempotent);
    return { ...policy, methods: idempotent.map(({ name }) => name) };
  }

  private followServers(): AutoCap {
    const { transport, api } = this;
    return new AutoCap(
      this.first,
      versionQuestions(transport, api.target),
      String(api.target.topic),
      transport.settings.logger,
    );
  }
}

/** Returns true for the refusal of this very request. A handler also passes on the refusals of servers that it calls. */
function isRefusalOf(error: unknown, method: string, version: string): boolean {
  if (!(error instanceof RemoteError) || error.excType !== 'UnsupportedVersion') return false;
  return error.value === new UnsupportedVersion(version, method).message;
}
