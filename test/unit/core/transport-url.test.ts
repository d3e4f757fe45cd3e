import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTransportURL } from '../../../lib/core/errors.js';
import { parseTransportUrl, redactUrl, type TransportHost } from '../../../lib/core/transport-url.js';

/** Host as `user:password at host:port`; absent parts as `-`. */
const shown = ({ hostname, port, username, password }: TransportHost) =>
  `${username ?? '-'}:${password?.expose() ?? '-'} at ${hostname}:${port ?? '-'}`;

function parsed(url: string) {
  const { scheme, hosts, virtualHost, query } = parseTransportUrl(url);
  return { scheme, hosts: hosts.map(shown), virtualHost, query };
}

describe('parseTransportUrl', () => {
  it.each<[url: string, hosts: string[], virtualHost?: string, query?: Record<string, string>]>([
    ['rabbit://', []],
    ['rabbit:///', []],
    ['rabbit:///vhost', [], 'vhost'],
    ['rabbit://mq1', ['-:- at mq1:-']],
    ['rabbit://mq1:', ['-:- at mq1:-']],
    ['rabbit://mq1:5672/', ['-:- at mq1:5672']],
    ['rabbit://user@mq1', ['user:- at mq1:-']],
    ['rabbit://user:@mq1', ['user: at mq1:-']],
    ['rabbit://user:secret@mq1:5672/vhost', ['user:secret at mq1:5672'], 'vhost'],
    ['rabbit://user:secret@', ['user:secret at localhost:-']],
    ['rabbit://u:p@mq1:1,mq2,v:q@mq3:3/', ['u:p at mq1:1', '-:- at mq2:-', 'v:q at mq3:3']],
    ['rabbit://mq1,,mq2', ['-:- at mq1:-', '-:- at mq2:-']],
    ['rabbit://us%40er:p%3A%2Fs@mq1', ['us@er:p:/s at mq1:-']],
    ['rabbit://u:p:q@mq1', ['u:p:q at mq1:-']],
    ['rabbit://u:p@q@mq1', ['u:p@q at mq1:-']],
    ['rabbit://[::1]:5672', ['-:- at ::1:5672']],
    ['rabbit://u:p@[fe80::1]', ['u:p at fe80::1:-']],
    ['rabbit://mq1/%2Fa%20b', ['-:- at mq1:-'], '/a b'],
    ['rabbit://mq1/a/b', ['-:- at mq1:-'], 'a/b'],
    ['  rabbit://mq1/v\n', ['-:- at mq1:-'], 'v'],
    ['rabbit://mq1?ssl=1', ['-:- at mq1:-'], '', { ssl: '1' }],
    ['rabbit://mq1/v?a=1&b=&a=2&c=x%20y', ['-:- at mq1:-'], 'v', { a: '1,2', c: 'x y' }],
    ['rabbit://u:p@mq1/?a=x@y', ['u:p at mq1:-'], '', { a: 'x@y' }],
  ])('reads %s', (url, hosts, virtualHost = '', query = {}) => {
    expect(parsed(url)).toEqual({ scheme: 'rabbit', hosts, virtualHost, query });
  });

  it('reads the scheme in lower case', () => {
    expect(parsed('AMQPS://mq1').scheme).toBe('amqps');
  });

  it.each<[url: string, reason: RegExp]>([
    ['', /no scheme/],
    ['mq1:5672', /no scheme/],
    ['1x://mq1', /malformed/],
    ['rabbit://mq1/v#fragment', /malformed/],
    ['rabbit://mq1:0', /port 0 is not between 1 and 65535/],
    ['rabbit://mq1:65536', /port 65536 is not between 1 and 65535/],
    ['rabbit://mq1:http', /host or port is malformed/],
    ['rabbit://::1', /host or port is malformed/],
    ['rabbit://[mq1]', /host or port is malformed/],
    ['rabbit://u:%zz@mq1', /%-escape is malformed/],
    ['rabbit://mq1/%', /%-escape is malformed/],
    ['rabbit://u:hid?den@mq1', /%3F/],
  ])('refuses %s', (url, reason) => {
    expect(() => parseTransportUrl(url)).toThrow(InvalidTransportURL);
    expect(() => parseTransportUrl(url)).toThrow(reason);
    expect(() => parseTransportUrl(url)).not.toThrow(/hid|den/);
  });

  it('refuses a value that is not a string', () => {
    expect(() => parseTransportUrl(undefined as unknown as string)).toThrow(/expected a string, got a undefined/);
  });

  it('returns the parts of any URL made of them', () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' });
    const host = fc.record({
      username: fc.option(fc.record({ user: name, password: fc.option(name) })),
      hostname: fc.constantFrom('mq1', 'mq-2.example.org', '10.0.0.1', '[::1]'),
      port: fc.option(fc.integer({ min: 1, max: 65_535 })),
    });
    fc.assert(
      fc.property(fc.array(host, { maxLength: 3 }), name, (hosts, virtualHost) => {
        const encoded = hosts.map(({ username, hostname, port }) => {
          const password = username?.password ? `:${encodeURIComponent(username.password)}` : '';
          const credentials = username ? `${encodeURIComponent(username.user)}${password}@` : '';
          return `${credentials}${hostname}${port ? `:${port}` : ''}`;
        });
        expect(parsed(`rabbit://${encoded.join(',')}/${encodeURIComponent(virtualHost)}`)).toEqual({
          scheme: 'rabbit',
          hosts: hosts.map(
            ({ username, hostname, port }) =>
              `${username?.user ?? '-'}:${username?.password ?? '-'} at ${hostname.replace(/[[\]]/g, '')}:${port ?? '-'}`,
          ),
          virtualHost,
          query: {},
        });
      }),
    );
  });
});

describe('redactUrl', () => {
  it.each([
    ['rabbit://mq1:5672/v', 'rabbit://mq1:5672/v'],
    ['rabbit://u:secret@mq1/v?a=1', 'rabbit://***@mq1/v?a=1'],
    ['rabbit://u:secret@mq1,mq2,v:hidden@mq3/', 'rabbit://***@mq1,mq2,***@mq3/'],
    ['rabbit://u:sec/ret@mq1/v', 'rabbit://***@mq1/v'],
    ['rabbit://u:sec?ret@mq1/v', 'rabbit://***@mq1/v'],
    ['rabbit://u:sec#ret@mq1', 'rabbit://***@mq1'],
    ['rabbit://u:secret', 'rabbit://***'],
    ['u:secret@mq1', '***@mq1'],
    ['', ''],
  ])('shows %j as %j', (url, redacted) => {
    expect(redactUrl(url)).toBe(redacted);
  });

  // A comma separates hosts, so a password with an unescaped one cannot be told from a host.
  it('shows no password, with any characters but a comma', () => {
    const part = fc.string({ maxLength: 10 }).map((text) => text.replaceAll(',', ''));
    fc.assert(
      fc.property(part, part, (before, after) => {
        expect(redactUrl(`rabbit://user:${before}SECRET${after}@mq1:5672/vhost`)).not.toContain('SECRET');
      }),
      { numRuns: 1000 },
    );
  });
});
