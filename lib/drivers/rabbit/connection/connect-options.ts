import type { Options } from 'amqplib';
import type { Login } from '../../../core/credentials.js';
import type { RabbitSettings } from '../../../core/rabbit-settings.js';
import type { TransportHost, TransportURL } from '../../../core/transport-url.js';
import { readsInPlace } from '../wire/socket-reads.js';
import type { Amqplib } from './amqplib.js';
import type { Attempt } from './connect-failure.js';
import { tlsOptions } from './tls-options.js';

/** Mechanism of a login, and its answer for the broker. */
interface Credentials {
  readonly mechanism: string;
  readonly response: () => Buffer;
}

/** Options of a connection, as amqplib takes them: those of the handshake, and those of the socket. */
export type ConnectOptions = readonly [
  Options.Connect,
  NonNullable<Parameters<Amqplib['connect']>[1]> & { readonly credentials: Credentials },
];

/** Schemes that demand TLS (`amqps`, `rabbits`). For any other scheme the `ssl` option decides. */
const TLS_SCHEME = /s$/;

export function usesTls(url: TransportURL, settings: RabbitSettings): boolean {
  return settings.ssl || TLS_SCHEME.test(url.scheme);
}

/** Returns the port of a host. As in oslo, the scheme decides on the default, not the `ssl` option. */
export function portOf(url: TransportURL, host: TransportHost): number {
  return host.port ?? (TLS_SCHEME.test(url.scheme) ? 5671 : 5672);
}

function credentialsOf({ credentials }: Amqplib, { username, password }: Login, settings: RabbitSettings): Credentials {
  const { plain, amqplain, external } = credentials;
  if (settings.loginMethod === 'EXTERNAL') return external();
  const { mechanism, response } = (settings.loginMethod === 'PLAIN' ? plain : amqplain)(username, password.expose());
  // Leaves out amqplib's copy of the password, since the socket keeps its options for its whole life.
  return { mechanism, response };
}

/** Returns the parameters of an attempt to connect to one host, for its error message. */
export function attemptOf(url: TransportURL, host: TransportHost, settings: RabbitSettings): Attempt {
  const address = `${host.hostname}:${portOf(url, host)}`;
  return { address, tls: usesTls(url, settings), virtualHost: url.virtualHost || '/' };
}

/** Properties of one attempt to connect. */
export interface Identity {
  readonly login: Login;
  /** Name of the connection at the broker. */
  readonly name: string;
  /** Destroys the socket of an attempt that is aborted. */
  readonly signal: AbortSignal;
  /** Time for the attempt, in milliseconds. */
  readonly timeout: number;
  /** Called when the host sends a part of the handshake. */
  readonly onAnswer?: () => void;
}

/** Returns amqplib's options for one host. TLS verifies the chain and, by default, the host name. */
export function connectOptions(
  amqplib: Amqplib,
  url: TransportURL,
  host: TransportHost,
  settings: RabbitSettings,
  { login, name, signal, timeout, onAnswer }: Identity,
): ConnectOptions {
  const tls = usesTls(url, settings);
  const connect: Options.Connect = {
    protocol: tls ? 'amqps' : 'amqp',
    hostname: host.hostname,
    port: portOf(url, host),
    vhost: encodeURIComponent(url.virtualHost || '/'),
    heartbeat: settings.heartbeat,
  };
  const socket = {
    signal,
    noDelay: true,
    keepAlive: true,
    timeout,
    credentials: credentialsOf(amqplib, login, settings),
    clientProperties: { connection_name: name },
    onread: readsInPlace(onAnswer),
    ...(tls && tlsOptions(settings)),
  };
  return [connect, socket as ConnectOptions[1]];
}
