import type { Theme } from './check.js';
import { expect, expectSame, shown } from './expectation.js';
import type { Peer } from './peer.js';
import type { RequestFields } from './raw-message.js';

const NAMESPACE = 'reference';

async function expectRefusal(peer: Peer, refusal: string, method: string, fields: RequestFields = {}): Promise<void> {
  const { class: name, module } = await peer.failure(method, {}, fields);
  const where = `${method} with version ${shown(fields.version)} in namespace ${shown(fields.namespace)}`;
  expectSame({ class: name, module }, { class: refusal, module: 'oslo_messaging.rpc.dispatcher' }, where);
}

/** Checks of endpoints, versions and methods. */
export const dispatch: Theme = {
  theme: 'dispatch',
  checks: [
    {
      name: 'version-compatible',
      expects: 'version 1.5 serves requests for 1.0 and 1.5, and requests without a version',
      async run(peer) {
        for (const fields of [{}, { version: '1.0' }, { version: '1.5' }, { version: '1.4.7' }]) {
          expectSame(await peer.result('echo', { a: 1 }, fields), { a: 1 }, `echo with version ${shown(fields)}`);
        }
      },
    },
    {
      name: 'version-unsupported',
      expects: 'a higher minor, a higher major and a lower major version are `UnsupportedVersion`',
      async run(peer) {
        for (const version of ['1.6', '2.0', '0.9'])
          await expectRefusal(peer, 'UnsupportedVersion', 'echo', { version });
      },
    },
    {
      name: 'version-numbers',
      expects: 'the parts of a version are compared as numbers: 1.10 is higher than 1.5, and 2.10 than 2.3',
      async run(peer) {
        for (const version of ['1.10', '1.10.0', '1.40'])
          await expectRefusal(peer, 'UnsupportedVersion', 'echo', { version });
        await expectRefusal(peer, 'UnsupportedVersion', 'where', { namespace: NAMESPACE, version: '2.10' });
      },
    },
    {
      name: 'version-revision',
      expects:
        'a higher revision of the same minor is `UnsupportedVersion`; with a lower minor, any revision is served',
      async run(peer) {
        for (const version of ['1.5.0', '1.4.1', '1.0.12'])
          expectSame(await peer.result('echo', { a: 1 }, { version }), { a: 1 }, `echo with version ${version}`);
        for (const version of ['1.5.1', '1.5.10']) await expectRefusal(peer, 'UnsupportedVersion', 'echo', { version });
        await expectRefusal(peer, 'UnsupportedVersion', 'where', { namespace: NAMESPACE, version: '2.3.1' });
      },
    },
    {
      name: 'version-malformed',
      expects: 'a malformed version is answered with a failure',
      async run(peer) {
        for (const version of ['one', '1.x', '']) await peer.failure('echo', {}, { version });
      },
    },
    {
      name: 'namespace',
      expects: 'a second namespace has its own methods and its own version',
      async run(peer) {
        for (const version of ['2.0', '2.3']) {
          expectSame(await peer.result('where', {}, { namespace: NAMESPACE, version }), 'reference 2.3', 'where');
        }
        await expectRefusal(peer, 'UnsupportedVersion', 'where', { namespace: NAMESPACE, version: '2.4' });
        await expectRefusal(peer, 'UnsupportedVersion', 'where', { namespace: NAMESPACE });
      },
    },
    {
      name: 'namespace-separate',
      expects: 'a method of one namespace is `NoSuchMethod` in the other',
      async run(peer) {
        await expectRefusal(peer, 'NoSuchMethod', 'where');
        await expectRefusal(peer, 'NoSuchMethod', 'echo', { namespace: NAMESPACE, version: '2.0' });
      },
    },
    {
      name: 'namespace-unknown',
      expects: 'an unknown namespace is `UnsupportedVersion`',
      run: (peer) => expectRefusal(peer, 'UnsupportedVersion', 'echo', { namespace: 'elsewhere', version: '1.0' }),
    },
    {
      name: 'unknown-method',
      expects: 'an unknown method is `NoSuchMethod`, whatever its name',
      async run(peer) {
        for (const method of ['no_such_method', 'Echo', 'méthode', 'm'.repeat(5000)]) {
          await expectRefusal(peer, 'NoSuchMethod', method);
        }
      },
    },
    {
      name: 'private-method',
      expects: 'an existing method whose name begins with `_` is `NoSuchMethod`',
      run: (peer) => expectRefusal(peer, 'NoSuchMethod', '_private'),
    },
    {
      name: 'hostile-method',
      expects: '`__proto__`, `constructor`, `__init__` and similar names are `NoSuchMethod`',
      async run(peer) {
        const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__init__', '__class__', '__dict__'];
        for (const method of names) await expectRefusal(peer, 'NoSuchMethod', method);
      },
    },
    {
      name: 'missing-argument',
      expects: 'a call without a required argument is answered with a failure of any class',
      async run(peer) {
        expectSame(await peer.result('add', { a: 2, b: 3 }), 5, 'add');
        await peer.failure('add', { a: 2 });
      },
    },
    {
      name: 'ping',
      expects: '`oslo_rpc_server_ping` is answered with `pong`',
      optional: 'ping',
      run: async (peer) =>
        expect((await peer.result('oslo_rpc_server_ping')) === 'pong', 'the ping was not answered with pong'),
    },
  ],
};
