import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodePlace } from './cluster-network.js';
import { freePort, freePortPair } from './free-port.js';
import { LONG_NAMES } from './rabbit-control.js';
import { newestRoot } from './release.js';

export interface RabbitOptions {
  /** Plugins to enable, e.g. `rabbitmq_management`, `rabbitmq_stream`. */
  plugins?: string[];
  /** Further lines of rabbitmq.conf. */
  config?: string[];
  /** Listen for TLS, too: PEM files. Clients may show a certificate of the same authority. */
  tls?: { ca: string; cert: string; key: string };
  /** User and password of the node. @default guest, with the password guest */
  user?: { name: string; password: string };
  /** The Erlang cookie, which the nodes of a cluster have in common. @default the node's own */
  cookie?: string;
  /** Folder of the Debian release that the node comes from. @default TEST_NEWEST_ROOT, else this machine */
  root?: string;
  /** Network namespace of the node. @default the machine's own, on the loopback address */
  place?: NodePlace;
}

export interface RabbitFiles {
  folder: string;
  root: string | undefined;
  /** The same folder as the node sees it. */
  home: string;
  place: NodePlace | undefined;
  nodename: string;
  /** Address of its listeners. */
  host: string;
  port: number;
  managementPort: number | undefined;
  streamPort: number | undefined;
  tlsPort: number | undefined;
  env: NodeJS.ProcessEnv;
  /** Output of the node. */
  output: string;
}

const DIST_OFFSET = 20_000;

/** Lays out everything that a private node owns below one fresh temporary folder. */
export async function layOut(options: RabbitOptions): Promise<RabbitFiles> {
  const plugins = options.plugins ?? [];
  const root = options.root ?? newestRoot;
  const folder = await mkdtemp(join(root === undefined ? tmpdir() : join(root, 'tmp'), 'rabbit-node-'));
  const home = root === undefined ? folder : folder.slice(root.length);
  // All ports stay below 32768, where the kernel's client ports begin, and the distribution's range is apart.
  const port = await freePortPair(10_000, 12_700, DIST_OFFSET);
  const managementPort = plugins.includes('rabbitmq_management') ? await freePort() : undefined;
  const streamPort = plugins.includes('rabbitmq_stream') ? await freePort() : undefined;
  const tlsPort = options.tls ? await freePort() : undefined;

  const { place } = options;
  const host = place?.address ?? '127.0.0.1';
  const config = [`listeners.tcp.default = ${host}:${port}`];
  // Its clients come from another address.
  if (place) config.push('loopback_users = none');
  // Debian permits by a patch what RabbitMQ 4.3 denies. RabbitMQ 4.0 denies it on demand.
  if (root !== undefined) config.push('deprecated_features.permit.transient_nonexcl_queues = false');
  if (managementPort) config.push(`management.tcp.ip = ${host}`, `management.tcp.port = ${managementPort}`);
  if (streamPort) config.push(`stream.listeners.tcp.1 = ${host}:${streamPort}`);
  if (options.tls) {
    const { ca, cert, key } = root === undefined ? options.tls : await copied(options.tls, folder, home);
    config.push(`listeners.ssl.default = ${host}:${tlsPort}`, `ssl_options.cacertfile = ${ca}`);
    config.push(`ssl_options.certfile = ${cert}`, `ssl_options.keyfile = ${key}`, 'ssl_options.verify = verify_peer');
    config.push('ssl_options.fail_if_no_peer_cert = false');
  }
  if (options.user) config.push(`default_user = ${options.user.name}`, `default_pass = ${options.user.password}`);
  config.push(...(options.config ?? []));

  await mkdir(join(folder, 'log'));
  await writeFile(join(folder, 'rabbitmq.conf'), `${config.join('\n')}\n`);
  await writeFile(join(folder, 'enabled_plugins'), `[${plugins.join(',')}].\n`);

  if (options.cookie) await writeFile(join(folder, '.erlang.cookie'), options.cookie, { mode: 0o400 });

  const nodename = `test-${process.pid}-${randomBytes(4).toString('hex')}@${place?.peerAddress ?? 'localhost'}`;
  return {
    folder,
    root,
    home,
    place,
    nodename,
    host,
    port,
    managementPort,
    streamPort,
    tlsPort,
    output: join(folder, 'log', 'output.log'),
    env: {
      HOME: home,
      RABBITMQ_NODENAME: nodename,
      ...(place && LONG_NAMES),
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(port + DIST_OFFSET),
      RABBITMQ_MNESIA_BASE: join(home, 'mnesia'),
      RABBITMQ_LOG_BASE: join(home, 'log'),
      RABBITMQ_PID_FILE: join(home, 'rabbit.pid'),
      RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq'),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(home, 'advanced.config'),
      RABBITMQ_CONF_ENV_FILE: join(home, 'rabbitmq-env.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
      // Idle Erlang schedulers spin for work by default, at the expense of the tests on a small machine.
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+sbwt none +sbwtdcpu none +sbwtdio none',
    },
  };
}

/** The PEM files, where a node sees them that sees its own release only. */
async function copied<T extends Record<string, string>>(files: T, folder: string, home: string): Promise<T> {
  const places = await Promise.all(
    Object.entries(files).map(async ([name, file]) => {
      await copyFile(file, join(folder, `${name}.pem`));
      return [name, join(home, `${name}.pem`)] as const;
    }),
  );
  return Object.fromEntries(places) as T;
}

/** The end of what the node printed, for an error message. */
export async function outputTail(files: RabbitFiles, lines = 40): Promise<string> {
  const text = await readFile(files.output, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
