import { readFile, writeFile } from 'node:fs/promises';
import { createServer as createTlsServer, type Server } from 'node:tls';
import { getRpcServer, getRpcTransport, type RabbitOptions, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { RabbitNode } from '../../../testkit/rabbit-node.js';
import { BrokerInspector } from '../../support/broker-inspector.js';
import { type Certificate, CertificateAuthority } from '../../support/certificates.js';
import { describeWithRabbitControl } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { expectNoSecrets, viewsOf } from '../../support/secrets.js';
import { silent } from '../../support/silent.js';

const PASSWORD = 's3cret';
const ignore = () => undefined;

describeWithRabbitControl('TLS', () => {
  let authority: CertificateAuthority;
  let foreignAuthority: CertificateAuthority;
  let client: Certificate;
  let node: RabbitNode;
  let expired: Server;
  let expiredPort: number;

  beforeAll(async () => {
    [authority, foreignAuthority] = await Promise.all([
      CertificateAuthority.create('Test CA'),
      CertificateAuthority.create('Another CA'),
    ]);
    const server = await authority.issue({ name: 'broker', hosts: ['localhost'] });
    client = await authority.issue({ name: 'tls-client' });
    const { cert, key } = await authority.issue({ name: 'broker', hosts: ['localhost'], days: -1 });
    expired = createTlsServer({ cert: await readFile(cert), key: await readFile(key) }).on('tlsClientError', ignore);
    await new Promise<void>((resolve) => expired.listen(0, '127.0.0.1', resolve));
    expiredPort = (expired.address() as { port: number }).port;
    node = await RabbitNode.start({
      plugins: ['rabbitmq_auth_mechanism_ssl'],
      tls: { ca: authority.caFile, ...server },
      config: [
        'auth_mechanisms.1 = PLAIN',
        'auth_mechanisms.2 = AMQPLAIN',
        'auth_mechanisms.3 = EXTERNAL',
        'ssl_cert_login_from = common_name',
      ],
    });
    await node.rabbitmqctl('add_user', 'tls-client', 'unused');
    await node.rabbitmqctl('set_permissions', 'tls-client', '.*', '.*', '.*');
    await node.rabbitmqctl('change_password', 'tls-client', PASSWORD);
  });
  afterAll(async () => {
    await node?.stop();
    expired?.close();
    await Promise.all([authority?.remove(), foreignAuthority?.remove()]);
  });

  /** A call to a server of ours, both by the same URL and options. */
  async function roundTrip(transportUrl: string, rabbit: RabbitOptions = {}, during?: () => Promise<void>) {
    const transport = getRpcTransport({ transportUrl, rabbit, logger: silent, rpcResponseTimeout: '15s' });
    const server = getRpcServer(transport, new Target({ topic: 'tls', server: 'one' }), [{ who: () => 'one' }]);
    try {
      await server.start();
      expect(await new RPCClient(transport, new Target({ topic: 'tls' })).call({}, 'who')).toBe('one');
      await during?.();
    } finally {
      await server.stop();
      await transport.cleanup();
    }
  }

  /** Returns the failure of a call. Checks that it fails at once, also with retries when they are hopeless. */
  async function failure(
    transportUrl: string,
    rabbit: RabbitOptions,
    retries: (number | undefined)[] = [0, undefined],
  ) {
    const messages = new Set<string>();
    for (const retry of retries) {
      const transport = getRpcTransport({ transportUrl, rabbit, logger: silent, rpcResponseTimeout: '20s' });
      const began = performance.now();
      try {
        await new RPCClient(transport, new Target({ topic: 'tls' }), { retry }).call({}, 'who');
        expect.fail('got through');
      } catch (error) {
        expect(error).toMatchObject({ code: 'DELIVERY_FAILURE', method: 'who' });
        expectNoSecrets(viewsOf(error), [PASSWORD]);
        messages.add((error as Error).message);
      } finally {
        await transport.cleanup();
      }
      expect(performance.now() - began).toBeLessThan(15_000);
    }
    return [...messages].join('\n');
  }

  const secure = (host = 'localhost', port = node.tlsPort) => `rabbit://guest:guest@${host}:${port}/`;
  const urlWithPassword = (host = 'localhost', port = node.tlsPort) => `rabbit://user:${PASSWORD}@${host}:${port}/`;
  const trusted = () => ({ ssl: true, sslCaFile: authority.caFile });

  const protocols = () => new BrokerInspector(node).connections();

  it('has the reason of the broker for a refused virtual host in the error', async () => {
    expect(await failure(`${secure()}nowhere`, trusted())).toContain('NOT_ALLOWED - vhost nowhere not found');
  });

  it('verifies the broker by the authority in sslCaFile', async () => {
    await roundTrip(secure(), trusted(), async () => {
      const connections = await protocols();
      expect(connections.length).toBeGreaterThanOrEqual(2);
      for (const one of connections) expect(one).toMatchObject({ ssl_protocol: 'tlsv1.3', auth_mechanism: 'AMQPLAIN' });
    });
  });

  it.each(['PLAIN', 'AMQPLAIN'] as const)('prints no password of a login by %s', async (rabbitLoginMethod) => {
    const transportUrl = `rabbit://tls-client:${PASSWORD}@localhost:${node.tlsPort}/`;
    const rabbit = { ...trusted(), rabbitLoginMethod };
    const transport = getRpcTransport({ transportUrl, rabbit, logger: silent, rpcResponseTimeout: '15s' });
    try {
      await new RPCClient(transport, new Target({ topic: 'tls' })).cast({}, 'nothing');
      // A TLS socket keeps the options that it was made with: amqplib's copy of the password would be among them.
      const driver: unknown = Reflect.get(transport, 'driver');
      for (const one of [transport, driver]) expectNoSecrets(viewsOf(one, 8), [PASSWORD]);
    } finally {
      await transport.cleanup();
    }
  });

  it('is enabled by the query of the URL, in the given version', async () => {
    const query = `?ssl=1&ssl_ca_file=${encodeURIComponent(authority.caFile)}&ssl_version=TLSv1_2`;
    await roundTrip(secure() + query, {}, async () => {
      // The broker still lists those that are just closing.
      await eventually(async () => {
        for (const one of await protocols()) expect(one).toMatchObject({ ssl_protocol: 'tlsv1.2' });
      });
    });
  });

  it.each(['amqps', 'rabbits'])('is enabled by the scheme %s', async (scheme) => {
    await roundTrip(secure().replace('rabbit:', `${scheme}:`), { sslCaFile: authority.caFile }, async () => {
      for (const one of await protocols()) expect(one).toMatchObject({ ssl_protocol: 'tlsv1.3' });
    });
  });

  it('fails over between several hosts', async () => {
    const hosts = `localhost:1,guest:guest@localhost:${node.tlsPort},guest:guest@localhost:2`;
    const query = `?ssl=true&ssl_ca_file=${encodeURIComponent(authority.caFile)}`;
    for (const strategy of ['round-robin', 'shuffle']) {
      await roundTrip(`rabbit://guest:guest@${hosts}/${query}&kombu_failover_strategy=${strategy}`);
    }
  });

  it('refuses a broker with an untrusted authority', async () => {
    expect(await failure(urlWithPassword(), { ssl: true })).toMatch(/localhost:\d+: .*certificate/);
    expect(await failure(urlWithPassword(), { ssl: true, sslCaFile: foreignAuthority.caFile })).toMatch(
      /localhost:\d+: .*certificate/,
    );
  });

  it('refuses a certificate for another host, unless verification is off', async () => {
    expect(await failure(urlWithPassword('127.0.0.1'), trusted())).toMatch(/127\.0\.0\.1:\d+: .*altnames/);
    await roundTrip(secure('127.0.0.1'), { ...trusted(), sslEnforceHostnameVerification: false });
    const untrusted = { ...trusted(), sslCaFile: foreignAuthority.caFile, sslEnforceHostnameVerification: false };
    expect(await failure(urlWithPassword('127.0.0.1'), untrusted)).toMatch(/certificate/);
  });

  it('verifies even if NODE_TLS_REJECT_UNAUTHORIZED is 0', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    try {
      expect(await failure(urlWithPassword(), { ssl: true })).toMatch(/localhost:\d+: .*certificate/);
      expect(await failure(urlWithPassword('127.0.0.1'), trusted())).toMatch(/127\.0\.0\.1:\d+: .*altnames/);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('refuses an expired certificate', async () => {
    expect(await failure(urlWithPassword('localhost', expiredPort), trusted())).toMatch(/certificate has expired/);
  });

  it('refuses at once if the broker does not trust the authority of the client’s certificate', async () => {
    const foreign = await foreignAuthority.issue({ name: 'tls-client' });
    const rabbit = { ...trusted(), sslCertFile: foreign.cert, sslKeyFile: foreign.key };
    // TLS 1.3 tells the client after its side of the handshake, TLS 1.2 during it.
    for (const sslVersion of ['TLSv1_3', 'TLSv1_2'] as const)
      expect(await failure(urlWithPassword(), { ...rabbit, sslVersion })).toMatch(/alert.*rabbit\.sslCertFile/);
  });

  it('refuses at once if the broker does not speak the version', async () => {
    const { cert, key } = await authority.issue({ name: 'broker', hosts: ['localhost'] });
    const options = { cert: await readFile(cert), key: await readFile(key), minVersion: 'TLSv1.3' } as const;
    const modern = createTlsServer(options).on('tlsClientError', ignore);
    await new Promise<void>((resolve) => modern.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = modern.address() as { port: number };
      const old = await failure(urlWithPassword('localhost', port), { ...trusted(), sslVersion: 'TLSv1_2' });
      expect(old).toMatch(/alert number 70.*rabbit\.sslVersion/);
    } finally {
      modern.close();
    }
  });

  it('names the mismatch if only one side speaks TLS', async () => {
    expect(await failure(urlWithPassword('localhost', node.port), trusted(), [0])).toMatch(
      /is it the AMQP port, and plain or TLS/,
    );
    expect(await failure(urlWithPassword(), {}, [0])).toMatch(/is it the AMQP port, and plain or TLS/);
  });

  it('logs in by the client’s certificate with EXTERNAL', async () => {
    const external = { ...trusted(), rabbitLoginMethod: 'EXTERNAL' as const, sslCertFile: client.cert };
    await roundTrip(`rabbit://localhost:${node.tlsPort}/`, { ...external, sslKeyFile: client.key }, async () => {
      await eventually(async () => {
        for (const one of await protocols())
          expect(one).toMatchObject({ auth_mechanism: 'EXTERNAL', user: 'tls-client' });
      });
    });
    const withoutOne = { ...trusted(), rabbitLoginMethod: 'EXTERNAL' as const };
    expect(await failure(urlWithPassword(), withoutOne)).toMatch(/ACCESS.REFUSED.*EXTERNAL/);
  });

  it('reads the key from the certificate’s file, like Python', async () => {
    const both = `${client.cert}.both`;
    await writeFile(both, (await readFile(client.cert, 'utf8')) + (await readFile(client.key, 'utf8')));
    await roundTrip(`rabbit://localhost:${node.tlsPort}/`, {
      ...trusted(),
      rabbitLoginMethod: 'EXTERNAL',
      sslCertFile: both,
    });
  });

  it('fails a login by a certificate without a known user', async () => {
    const { cert, key } = await authority.issue({ name: 'nobody' });
    const options = { ...trusted(), rabbitLoginMethod: 'EXTERNAL' as const, sslCertFile: cert, sslKeyFile: key };
    expect(await failure(urlWithPassword(), options)).toMatch(/ACCESS.REFUSED.*EXTERNAL/);
  });

  it('refuses a client’s certificate that has expired', async () => {
    const { cert, key } = await authority.issue({ name: 'tls-client', days: -1 });
    const options = { ...trusted(), rabbitLoginMethod: 'EXTERNAL' as const, sslCertFile: cert, sslKeyFile: key };
    expect(await failure(urlWithPassword(), options, [0])).toMatch(/localhost:\d+: /);
  });

  it('refuses a client’s certificate of another authority', async () => {
    const { cert, key } = await foreignAuthority.issue({ name: 'tls-client' });
    const options = { ...trusted(), rabbitLoginMethod: 'EXTERNAL' as const, sslCertFile: cert, sslKeyFile: key };
    expect(await failure(urlWithPassword(), options, [0])).toMatch(/localhost:\d+: /);
  });

  it('refuses missing and invalid files at start', async () => {
    const make = (rabbit: RabbitOptions) => () =>
      getRpcTransport({ transportUrl: urlWithPassword(), rabbit: { ssl: true, ...rabbit } });
    expect(make({ sslCaFile: '/no/such/ca.pem' })).toThrow(/rabbit\.sslCaFile.*\/no\/such\/ca\.pem.*ENOENT/);
    expect(make({ sslCertFile: client.key })).toThrow(/rabbit\.ssl….*\.key/);
    const { key } = await authority.issue({ name: 'other' });
    expect(make({ sslCertFile: client.cert, sslKeyFile: key })).toThrow(/key values mismatch/);
  });
});
