import { Secret } from '../../../core/secrets.js';
import type { Settings } from '../../../core/settings.js';
import type { TransportHost, TransportURL } from '../../../core/transport-url.js';
import { Logins } from '../connection/logins.js';
import { tlsOptions } from '../connection/tls-options.js';
import { ManagementFailure } from './management-failure.js';
import { askManagement, type ManagementAnswer } from './management-request.js';

/** Maximum length of an answer in characters. */
const MAX_ANSWER_LENGTH = 1024 * 1024;
/** Maximum length of an answer about all queues or bindings of a virtual host, in characters. */
export const MAX_LIST_LENGTH = 32 * 1024 * 1024;

const LOCAL: TransportHost = { hostname: 'localhost', port: undefined, username: undefined, password: undefined };

interface Sending {
  /** Maximum length of the answer in characters. */
  readonly maxLength?: number;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Client of RabbitMQ's management API for one virtual host. Each answer is bounded in time and length. */
export class ManagementClient {
  /** Virtual host, as a part of a path. */
  protected readonly vhost: string;
  private readonly url: URL;
  /** Login of the management URL; undefined when the transport's login is used. */
  private readonly given: Secret<string> | undefined;
  private readonly logins: Logins;
  private readonly host: TransportHost;

  constructor(
    managementUrl: Secret<string>,
    url: TransportURL,
    private readonly settings: Pick<Settings, 'credentials' | 'rabbit'>,
  ) {
    const { username, password, href } = new URL(managementUrl.expose());
    const [host = LOCAL] = url.hosts;
    this.host = host;
    this.logins = new Logins(url, settings);
    this.given = username ? new Secret(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`) : undefined;
    this.url = new URL(href.endsWith('/') ? href : `${href}/`);
    this.url.username = '';
    this.url.password = '';
    this.vhost = encodeURIComponent(url.virtualHost || '/');
  }

  /** Returns the rows of a list; none where the thing does not exist. @throws ManagementFailure when the API cannot be asked */
  protected async rows<T>(path: string, maxLength = MAX_ANSWER_LENGTH): Promise<T[]> {
    const answer = await this.get(path, maxLength);
    return Array.isArray(answer) ? (answer as T[]) : [];
  }

  /** Returns an answer; undefined where the thing does not exist. @throws ManagementFailure when the API cannot be asked */
  protected async get(path: string, maxLength = MAX_ANSWER_LENGTH): Promise<unknown> {
    return (await this.ask(path, maxLength)).body;
  }

  /** Virtual host, as a part of a path. */
  get vhostPath(): string {
    return this.vhost;
  }

  /**
   * Sends a request. Returns its answer; undefined for one without a body, and where a resource does not exist.
   * @param path path below the URL, e.g. `api/overview`
   * @throws ManagementFailure when the API cannot be asked, or refuses
   */
  async send(method: 'GET' | 'PUT', path: string, sending: Sending = {}): Promise<unknown> {
    return (await this.request(method, path, sending)).body;
  }

  /** Returns an answer with the clock of the broker. @throws ManagementFailure when the API cannot be asked */
  protected ask(path: string, maxLength = MAX_ANSWER_LENGTH): Promise<ManagementAnswer> {
    return this.request('GET', path, { maxLength });
  }

  private async request(
    method: 'GET' | 'PUT',
    path: string,
    { maxLength = MAX_ANSWER_LENGTH, body }: Sending,
  ): Promise<ManagementAnswer> {
    const auth = await this.auth();
    const url = new URL(path, this.url);
    const tls = url.protocol === 'https:' ? tlsOptions(this.settings.rabbit) : {};
    const ask = () => askManagement(url, { method, auth, maxLength, tls, ...(body && { body }) });
    // RabbitMQ fails one of two requests that are the first to need a cache.
    return ask().catch((error: unknown) => {
      if (method === 'GET' && error instanceof ManagementFailure && error.status === 500) return ask();
      throw error;
    });
  }

  private async auth(): Promise<string> {
    if (this.given) return this.given.expose();
    const { username, password } = await this.logins.for(this.host);
    return `${username}:${password.expose()}`;
  }
}
