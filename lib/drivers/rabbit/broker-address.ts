import { readFileSync } from 'node:fs';
import amqplib, { type Options } from 'amqplib';
import { ConfigurationError } from '../../core/errors.js';
import type { RabbitSettings } from '../../core/options.js';
import type { TransportHost, TransportURL } from '../../core/transport-url.js';

type SocketOptions = NonNullable<Parameters<typeof amqplib.connect>[1]>;

function file(name: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigurationError(`rabbit.${name}: cannot read ${path}`, { cause });
  }
}

/** What amqplib needs to reach one host. TLS verifies the chain and the host's name. */
export function connectOptions(
  url: TransportURL,
  host: TransportHost,
  settings: RabbitSettings,
): [Options.Connect, SocketOptions] {
  const tls = settings.ssl || url.scheme.endsWith('amqps');
  const username = host.username ?? 'guest';
  const password = host.password ?? (host.username === undefined ? 'guest' : '');
  const { plain, amqplain, external } = amqplib.credentials;
  const credentials =
    settings.loginMethod === 'EXTERNAL'
      ? external()
      : (settings.loginMethod === 'PLAIN' ? plain : amqplain)(username, password);
  const connect: Options.Connect = {
    protocol: tls ? 'amqps' : 'amqp',
    hostname: host.hostname,
    port: host.port ?? (tls ? 5671 : 5672),
    vhost: encodeURIComponent(url.virtualHost || '/'),
    heartbeat: settings.heartbeat,
  };
  const socket = {
    noDelay: true,
    keepAlive: true,
    timeout: settings.connectTimeout,
    credentials,
    clientProperties: { connection_name: `nestjs-oslo-messaging:${process.pid}` },
    ...(tls && {
      ca: file('sslCaFile', settings.sslCaFile),
      cert: file('sslCertFile', settings.sslCertFile),
      key: file('sslKeyFile', settings.sslKeyFile),
    }),
  };
  return [connect, socket as SocketOptions];
}
