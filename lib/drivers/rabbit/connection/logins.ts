import { type CredentialsProvider, type Login, readCredentials } from '../../../core/credentials.js';
import { Deadline } from '../../../core/deadline.js';
import { CredentialsFailure, MessagingException, toError } from '../../../core/errors.js';
import { maskText } from '../../../core/mask-text.js';
import { Secret } from '../../../core/secrets.js';
import type { Settings } from '../../../core/settings.js';
import type { TransportHost, TransportURL } from '../../../core/transport-url.js';
import { portOf } from './connect-options.js';

/** Source of user names and passwords: the `credentials` option, else the transport URL. */
export class Logins {
  private readonly provider: CredentialsProvider | undefined;
  private readonly timeout: number;
  /** True where each connection asks for a new login, so that another attempt may succeed after a refused one. */
  readonly isDynamic: boolean;

  constructor(
    private readonly url: TransportURL,
    { credentials, rabbit }: Pick<Settings, 'credentials' | 'rabbit'>,
  ) {
    this.provider = credentials;
    this.isDynamic = this.provider !== undefined;
    this.timeout = rabbit.connectTimeout;
  }

  /**
   * Resolves with the login for a host. Waits for the user's function for `connectTimeout`, or until it is aborted.
   * @throws CredentialsFailure when the function fails, ConfigurationError for a result that is not a login
   */
  async for(host: TransportHost, signal?: AbortSignal): Promise<Login> {
    const { provider, url } = this;
    if (!provider) return loginOf(host);
    const { hostname } = host;
    const request = { hostname, port: portOf(url, host), virtualHost: url.virtualHost || '/' };
    try {
      const asking = unlessAborted(() => provider(request), signal);
      return readCredentials(
        await Deadline.after(this.timeout).race(asking, () => new Error(`no answer within ${this.timeout} ms`)),
      );
    } catch (thrown) {
      if (thrown instanceof MessagingException) throw thrown;
      throw new CredentialsFailure(
        `The function of the option "credentials" failed: ${maskText(toError(thrown).message)}. It is called again on the next attempt to connect`,
        { cause: thrown },
      );
    }
  }
}

/** Settles as the work does, or rejects as soon as the signal is aborted. */
async function unlessAborted<T>(work: () => T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let abort = () => undefined as unknown;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(new Error('the attempt to connect was aborted'));
    signal?.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([Promise.resolve().then(work), aborted]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function loginOf({ username, password }: TransportHost): Login {
  return {
    username: username ?? 'guest',
    password: password ?? new Secret(username === undefined ? 'guest' : ''),
    expiresIn: Number.POSITIVE_INFINITY,
  };
}
