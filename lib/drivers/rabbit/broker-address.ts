import amqplib, { type Options } from 'amqplib';
import type { RabbitSettings } from '../../core/options.js';
import type { TransportHost, TransportURL } from '../../core/transport-url.js';
import type { Attempt } from './connect-failure.js';
import { tlsOptions } from './tls-options.js';

type SocketOptions = NonNullable<Parameters<typeof amqplib.connect>[1]>;

/** `amqps` and `rabbits` say so by themselves; any other scheme leaves it to the option. */
const TLS_SCHEME = /s$/;

export function usesTls(url: TransportURL, settings: RabbitSettings): boolean {
  return settings.ssl || TLS_SCHEME.test(url.scheme);
}

/** As in oslo, the `ssl` option does not change the port; the scheme does. */
function portOf(url: TransportURL, host: TransportHost): number {
  return host.port ?? (TLS_SCHEME.test(url.scheme) ? 5671 : 5672);
}

function credentialsOf(host: TransportHost, settings: RabbitSettings): unknown {
  const { plain, amqplain, external } = amqplib.credentials;
  if (settings.loginMethod === 'EXTERNAL') return external();
  const username = host.username ?? 'guest';
  const password = host.password?.reveal() ?? (host.username === undefined ? 'guest' : '');
  const { mechanism, response } = (settings.loginMethod === 'PLAIN' ? plain : amqplain)(username, password);
  // Without amqplib's copy of the password: the socket keeps its options as long as it lives.
  return { mechanism, response };
}

/** How one host is tried, to be told when that fails. */
export function attemptOf(url: TransportURL, host: TransportHost, settings: RabbitSettings): Attempt {
  const address = `${host.hostname}:${portOf(url, host)}`;
  return { address, tls: usesTls(url, settings), virtualHost: url.virtualHost || '/' };
}

/**
 * What amqplib needs to reach one host. TLS verifies the chain and, unless told otherwise, the host's name.
 * @param signal destroys the socket, so that nothing is left of an attempt that was given up
 */
export function connectOptions(
  url: TransportURL,
  host: TransportHost,
  settings: RabbitSettings,
  signal: AbortSignal,
): [Options.Connect, SocketOptions] {
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
    timeout: settings.connectTimeout,
    credentials: credentialsOf(host, settings),
    clientProperties: { connection_name: `nestjs-oslo-messaging:${process.pid}` },
    ...(tls && tlsOptions(settings)),
  };
  return [connect, socket as SocketOptions];
}
