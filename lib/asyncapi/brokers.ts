import {
  driverOf,
  parseTransportUrl,
  portOf,
  type Secret,
  type Settings,
  type TransportURL,
  usesTls,
  withUrlOptions,
} from '../internal.js';
import type { AsyncApiReference, AsyncApiSecurityScheme, AsyncApiServer } from './document.js';
import { Names, sorted } from './names.js';
import { type BrokerOptions, unknownBroker } from './options.js';

/** Broker that channels are at. */
export interface Broker {
  readonly settings: Settings;
  /** Name of the virtual host, `/` for the default one. */
  readonly vhost: string;
  /** Servers of the broker; none for `memory://`. */
  readonly servers: readonly AsyncApiReference[];
}

const LOGIN: AsyncApiSecurityScheme = {
  type: 'userPassword',
  description: 'User name and password of RabbitMQ (PLAIN or AMQPLAIN).',
};
const CERTIFICATE: AsyncApiSecurityScheme = {
  type: 'X509',
  description: 'Client certificate of TLS (EXTERNAL).',
};

/** Brokers of a document, with their servers and security schemes. Neither holds a credential. */
export class Brokers {
  private readonly names = new Names();
  private readonly servers = new Map<string, AsyncApiServer>();
  private readonly schemes = new Map<string, AsyncApiSecurityScheme>();
  private readonly made = new Map<string, Broker>();

  constructor(private readonly known: readonly BrokerOptions[]) {
    for (const { name } of known) {
      this.of(name, 'rpc');
      this.of(name, 'notifications');
    }
  }

  /** Returns a broker by its name. */
  of(name: string | undefined, kind: 'rpc' | 'notifications'): Broker {
    const options = this.known.find((one) => one.name === name) ?? unknownBroker(name);
    const settings = options[kind];
    const { transportUrl, notificationTransportUrl } = settings;
    const url = kind === 'rpc' ? transportUrl : notificationTransportUrl;
    const key = JSON.stringify([name, url.expose()]);
    const broker = this.made.get(key) ?? this.make(name, settings, url);
    this.made.set(key, broker);
    return broker;
  }

  allServers(): Record<string, AsyncApiServer> {
    return sorted(this.servers);
  }

  securitySchemes(): Record<string, AsyncApiSecurityScheme> {
    return sorted(this.schemes);
  }

  /** Returns the servers of a channel; undefined where it is on all of them. */
  onlyAt({ servers }: Broker): readonly AsyncApiReference[] | undefined {
    return servers.length === this.servers.size ? undefined : servers;
  }

  private make(name: string | undefined, given: Settings, secret: Secret<string>): Broker {
    const url = parseTransportUrl(secret.expose());
    const settings = withUrlOptions(given, url);
    const vhost = url.virtualHost || '/';
    if (driverOf(url) !== 'rabbit') return { settings, vhost, servers: [] };
    const servers = url.hosts.map((host) => {
      const port = portOf(url, host);
      const address = host.hostname.includes(':') ? `[${host.hostname}]` : host.hostname;
      const id = this.names.of(name ?? 'rabbitmq');
      this.servers.set(id, this.server(`${address}:${port}`, url, settings, name));
      return { $ref: `#/servers/${id}` };
    });
    return { settings, vhost, servers };
  }

  private server(host: string, url: TransportURL, { rabbit }: Settings, name: string | undefined): AsyncApiServer {
    const vhost = url.virtualHost || '/';
    const isExternal = rabbit.loginMethod === 'EXTERNAL';
    const scheme = isExternal ? 'certificate' : 'login';
    this.schemes.set(scheme, isExternal ? CERTIFICATE : LOGIN);
    return {
      host,
      protocol: usesTls(url, rabbit) ? 'amqps' : 'amqp',
      protocolVersion: '0-9-1',
      pathname: `/${vhost === '/' ? '' : encodeURIComponent(vhost)}`,
      title: name === undefined ? 'RabbitMQ' : `RabbitMQ "${name}"`,
      description: `RabbitMQ, virtual host \`${vhost}\`.`,
      security: [{ $ref: `#/components/securitySchemes/${scheme}` }],
    };
  }
}
