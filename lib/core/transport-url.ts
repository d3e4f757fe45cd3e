import { InvalidTransportURL } from './errors.js';
import { Secret } from './secrets.js';

/** Address and credentials of one broker. */
export interface TransportHost {
  readonly hostname: string;
  readonly port: number | undefined;
  readonly username: string | undefined;
  readonly password: Secret<string> | undefined;
}

/** Kind of driver that a transport URL selects. */
export type DriverKind = 'memory' | 'rabbit';

const SCHEMES: Readonly<Record<DriverKind, ReadonlySet<string>>> = {
  memory: new Set(['memory', 'fake']),
  rabbit: new Set(['rabbit', 'amqp', 'amqps', 'rabbits', 'kombu', 'kombu+rabbit', 'kombu+amqp', 'kombu+amqps']),
};

/** Returns the kind of driver for the scheme of a transport URL; undefined for an unknown scheme. */
export function driverOf({ scheme }: TransportURL): DriverKind | undefined {
  return (['memory', 'rabbit'] as const).find((kind) => SCHEMES[kind].has(scheme));
}

/** Parsed transport URL: `scheme://[user:password@]host[:port][,…]/virtual-host?query`, as in oslo.messaging. */
export interface TransportURL {
  readonly scheme: string;
  readonly hosts: readonly TransportHost[];
  /** Name of the virtual host; empty for `/`. */
  readonly virtualHost: string;
  readonly query: Readonly<Record<string, string>>;
}

const FORM = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const HOST = /^(?:[^@]*@)?(?:\[[0-9a-f:.]+\]|[^[\]:@]*)(?::\d*)?$/i;

/**
 * Returns the URL without its credentials, for logs and errors. A password in a malformed URL may be anywhere before the
 * last "@", or anywhere when there is no "@", so that part is not shown.
 */
export function redactUrl(url: string): string {
  const scheme = SCHEME.exec(url)?.[0] ?? '';
  const rest = url.slice(scheme.length);
  const end = rest.search(/[/?#]/);
  const hosts = (end < 0 ? rest : rest.slice(0, end)).split(',');
  const tail = end < 0 ? '' : rest.slice(end);
  if (!tail.includes('@') && hosts.every((host) => HOST.test(host)))
    return scheme + hosts.map((host) => host.replace(/^.*@/s, '***@')).join(',') + tail;
  const at = rest.lastIndexOf('@');
  return `${scheme}***${at < 0 ? '' : rest.slice(at)}`;
}

/** Parses a transport URL. @throws InvalidTransportURL with the reason, and never with the password */
export function parseTransportUrl(url: string): TransportURL {
  const refuse = (why: string) =>
    new InvalidTransportURL(
      `Transport URL ${JSON.stringify(redactUrl(String(url)))}: ${why}; expected scheme://[user:password@]host[:port][,host…]/[virtual host]`,
    );
  if (typeof url !== 'string') throw new InvalidTransportURL(`Transport URL: expected a string, got a ${typeof url}`);
  const match = FORM.exec(url.trim());
  if (!match) throw refuse(url.includes('://') ? 'malformed' : 'no scheme');
  const [, scheme = '', netloc = '', path = '', query = ''] = match;
  if (query.includes('@') && !netloc.includes('@'))
    throw refuse('a "?" in a user name or password is to be written %3F');
  const decode = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      throw refuse('a %-escape is malformed');
    }
  };
  return {
    scheme: scheme.toLowerCase(),
    hosts: netloc
      .split(',')
      .filter(Boolean)
      .map((host) => parseHost(host, decode, refuse)),
    virtualHost: decode(path),
    query: parseQuery(query),
  };
}

/** Parses a query as Python's `parse_qs` does: blank values count as absent, repeated ones are joined by commas. */
function parseQuery(query: string): Record<string, string> {
  const parameters = new URLSearchParams(query);
  const given = [...new Set(parameters.keys())]
    .map((name) => [name, parameters.getAll(name).filter(Boolean).join(',')] as const)
    .filter(([, value]) => value !== '');
  return Object.fromEntries(given);
}

function parseHost(text: string, decode: (text: string) => string, refuse: (why: string) => Error): TransportHost {
  const at = text.lastIndexOf('@');
  const credentials = at < 0 ? undefined : text.slice(0, at);
  const colon = credentials?.indexOf(':') ?? -1;
  const address = /^(?:\[([0-9a-f:.]+)\]|([^[\]:]*))(?::(\d*))?$/i.exec(text.slice(at + 1));
  if (!address) throw refuse('a host or port is malformed');
  const port = address[3] ? Number(address[3]) : undefined;
  if (port !== undefined && (port < 1 || port > 65535)) throw refuse(`port ${port} is not between 1 and 65535`);
  return {
    hostname: address[1] ?? (address[2] || 'localhost'),
    port,
    username: credentials === undefined ? undefined : decode(colon < 0 ? credentials : credentials.slice(0, colon)),
    password: credentials === undefined || colon < 0 ? undefined : new Secret(decode(credentials.slice(colon + 1))),
  };
}
