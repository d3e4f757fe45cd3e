import { inspect } from 'node:util';
import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessagingException,
  NoOpSerializer,
  OsloMessagingTransports,
  OsloRecord,
  RequestContext,
  RequestContextSerializer,
  Target,
} from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';

const TOKEN = 'gAAAAAB-the-token-of-somebody';

describe('a request context', () => {
  it('that is made gets a request id, like in Python, and its fields under every known spelling', () => {
    const context = new RequestContext({ userId: 'u1', projectId: 'p1', projectName: 'demo', userDomain: 'd1' });
    expect(context.requestId).toMatch(/^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(new RequestContext().requestId).not.toBe(new RequestContext().requestId);
    expect(context.toDict()).toEqual({
      request_id: context.requestId,
      user_id: 'u1',
      user: 'u1',
      project_id: 'p1',
      tenant_id: 'p1',
      tenant: 'p1',
      project_name: 'demo',
      tenant_name: 'demo',
      user_domain: 'd1',
    });
    expect(new RequestContext({ requestId: 'req-1' }).requestId).toBe('req-1');
  });

  it('is not made of a token, and does not quote it', () => {
    const error = (() => {
      try {
        return new RequestContext(TOKEN as never);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(String(error)).toBe('ConfigurationError: RequestContext fields: expected an object; got a string');
  });

  it('that was received stays unchanged, with unknown and invalid keys', () => {
    const dict: Record<string, unknown> = JSON.parse(
      '{"user": "u1", "own_key": {"kept": [1, null]}, "__proto__": {"x": 1}, "auth_token": null, "client_timeout": 5}',
    );
    const context = RequestContext.fromDict(dict);
    expect(context.toDict()).toEqual(dict);
    expect(Object.keys(context.toDict())).toContain('__proto__');
    expect(context.requestId).toBeUndefined();
  });

  it('is read in either spelling', () => {
    const read = (dict: Record<string, unknown>) => {
      const { userId, projectId, projectName, userDomain, projectDomain, domain } = RequestContext.fromDict(dict);
      return [userId, projectId, projectName, userDomain, projectDomain, domain];
    };
    const expected = ['u', 'p', 'n', 'ud', 'pd', 'd'];
    const olds = { user: 'u', tenant: 'p', tenant_name: 'n', user_domain: 'ud', project_domain: 'pd', domain: 'd' };
    expect(read(olds)).toEqual(expected);
    const news = { user_domain_id: 'ud', project_domain_id: 'pd', domain_id: 'd', user_id: 'u', project_name: 'n' };
    expect(read({ ...news, project_id: 'p' })).toEqual(expected);
    expect(read({ ...news, project_id: null, tenant_id: 'p', project: 'other' })).toEqual(expected);
    expect(RequestContext.fromDict({ project: 'p' }).projectId).toBe('p');
    expect(RequestContext.fromDict({}).isAdminProject).toBe(true);
    expect(RequestContext.fromDict({ is_admin_project: false }).isAdminProject).toBe(false);
  });

  it('is elevated as a copy', () => {
    const context = RequestContext.fromDict({ user_id: 'u1', roles: ['member'], is_admin: false, own_key: 1 });
    const elevated = context.elevated();
    expect(elevated.toDict()).toEqual({ user_id: 'u1', roles: ['member', 'admin'], is_admin: true, own_key: 1 });
    expect(context.isAdmin).toBe(false);
    expect(context.roles).toEqual(['member']);
    expect(RequestContext.fromDict({ roles: ['Admin'] }).elevated().roles).toEqual(['Admin']);
  });
});

describe('the token of a request context', () => {
  const raw = {
    user_id: 'u1',
    auth_token: TOKEN,
    service_token: TOKEN,
    nested: { list: [{ auth_token_info: { token: TOKEN } }] },
  };
  const context = RequestContext.fromDict(raw);

  /** Returns all printed forms of a value. */
  const prints = (value: unknown) => [
    inspect(value, { depth: 20 }),
    inspect({ deep: [{ value }] }, { depth: 20, showHidden: true }),
    JSON.stringify(value) ?? '',
    `${String(value)}`,
  ];

  it('is sent on the wire, and is readable by name', () => {
    expect(context.authToken).toBe(TOKEN);
    expect(new RequestContextSerializer().serializeContext(context)).toEqual(raw);
  });

  it('does not appear in printed contexts, records and errors', () => {
    class Denied extends MessagingException {
      constructor(readonly context: RequestContext) {
        super('denied');
      }
    }
    const holders = [
      context,
      context.elevated(),
      new RequestContext({ authToken: TOKEN }),
      new OsloRecord({ a: 1 }, { context }),
      new OsloRecord({ a: 1 }, { context: raw }),
      new Denied(context),
    ];
    for (const text of holders.flatMap(prints)) expect(text).not.toContain(TOKEN);
    expect(inspect(context)).toContain("user_id: 'u1'");
    expect(inspect(new OsloRecord({ a: 1 }, { context: raw }))).toMatch(/a: 1.*user_id: 'u1'.*'\*\*\*'/s);
    expect(inspect(RequestContext.fromDict({ auth_token: null }))).toContain('auth_token: null');
  });

  it('does not appear in the log of a server', async () => {
    const topic = uniqueTopic();
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const logger = { debug: log, log, warn: log, error: log };
    const transport = getRpcTransport({ transportUrl: 'memory://', logger });
    const printed: string[] = [];
    class Endpoint {
      look(ctxt: { auth_token: string }): string {
        printed.push(inspect(ctxt), inspect({ request: { context: ctxt } }, { depth: 5 }));
        return ctxt.auth_token;
      }
      fail(ctxt: { auth_token: string }): never {
        throw new Error(`the token ${ctxt.auth_token} has expired`);
      }
    }
    const server = getRpcServer(transport, new Target({ topic, server: 'a' }), [new Endpoint()], {
      serializer: new NoOpSerializer(),
    });
    await server.start();
    const client = getRpcClient(transport, new Target({ topic }));
    // The raw context is nothing special to the endpoint.
    expect(await client.call(raw, 'look')).toBe(TOKEN);
    expect(printed.join()).toContain("user_id: 'u1'");
    expect(printed.join()).not.toContain(TOKEN);
    await expect(client.call(raw, 'fail')).rejects.toMatchObject({ excType: 'Exception' });
    expect(lines.join('\n')).toMatch(/Exception while handling "fail": .*the token \*\*\* has expired/);
    expect(lines.join('\n')).not.toContain(TOKEN);
    for (const text of prints(client)) expect(text).not.toContain(TOKEN);
    await server.stop();
    await transport.cleanup();
  });

  it('is as secret as the password of a transport', async () => {
    const transport = getRpcTransport({ transportUrl: 'rabbit://guest:hunter2@127.0.0.1:1/' });
    const client = getRpcClient(transport, new Target({ topic: 't' }));
    const holder = new OsloMessagingTransports({ transportUrl: 'rabbit://guest:hunter2@127.0.0.1:1/' });
    for (const text of [transport, client, holder].flatMap(prints)) expect(text).not.toContain('hunter2');
    expect(inspect(client)).toContain('127.0.0.1');
    await holder.onApplicationShutdown();
    await transport.cleanup();
  });
});
