import {
  getCurrentRequestContext,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  RequestContext,
  RequestContextSerializer,
  type RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { PythonPeer } from '../support/python-peer.js';

/** Keyword arguments of Python's RequestContext. */
const keywords = {
  auth_token: 'a-token',
  user_id: 'u1',
  project_id: 'p1',
  domain_id: 'd1',
  user_domain_id: 'ud1',
  project_domain_id: 'pd1',
  is_admin: true,
  read_only: true,
  show_deleted: true,
  request_id: 'req-1',
  global_request_id: 'req-0',
  resource_uuid: 'r1',
  roles: ['member', 'ä'],
  is_admin_project: false,
  system_scope: 'all',
};
const written = {
  auth_token: 'a-token',
  user: 'u1',
  project_id: 'p1',
  project: 'p1',
  domain: 'd1',
  user_domain: 'ud1',
  project_domain: 'pd1',
  is_admin: true,
  read_only: true,
  show_deleted: true,
  request_id: 'req-1',
  global_request_id: 'req-0',
  resource_uuid: 'r1',
  roles: ['member', 'ä'],
  user_identity: 'u1 p1 d1 ud1 pd1',
  is_admin_project: false,
  system_scope: 'all',
};
/** The same, made here. */
const fields = {
  authToken: 'a-token',
  userId: 'u1',
  projectId: 'p1',
  domain: 'd1',
  userDomain: 'ud1',
  projectDomain: 'pd1',
  isAdmin: true,
  readOnly: true,
  showDeleted: true,
  requestId: 'req-1',
  globalRequestId: 'req-0',
  resourceUuid: 'r1',
  roles: ['member', 'ä'],
  isAdminProject: false,
  systemScope: 'all',
};

describeWithPython("a request context and oslo.context's", () => {
  const topics = { ours: uniqueTopic('ours'), theirs: uniqueTopic('theirs') };
  const serializer = new RequestContextSerializer();
  const closing: (() => Promise<unknown>)[] = [];
  const seen: RequestContext[] = [];
  let peer: PythonPeer;
  let transport: Transport;
  let client: RPCClient;

  beforeAll(async () => {
    peer = await PythonPeer.start(rabbitUrl, { defaults: { rpc_response_timeout: 20 } });
    closing.push(() => peer.stop());
    await peer.startServer({ topic: topics.theirs, server: 'p', endpoints: ['objects'], serializer: 'context' });
    transport = getRpcTransport({ transportUrl: rabbitUrl, rpcResponseTimeout: 20 });
    closing.push(() => transport.cleanup());
    client = getRpcClient(transport, new Target({ topic: topics.theirs, version: '1.0' }), { serializer });
    const endpoint = {
      look: (ctxt: RequestContext) => {
        seen.push(ctxt);
        return getCurrentRequestContext() === ctxt;
      },
      relay: () => client.call(undefined, 'context'),
      relayElevated: (ctxt: RequestContext) => client.call(ctxt.elevated(), 'context'),
    };
    const server = getRpcServer(transport, new Target({ topic: topics.ours, server: 'n' }), [endpoint], { serializer });
    await server.start();
    closing.push(() => server.stop());
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  const pythonCall = (method: string, context: Record<string, unknown> = keywords) =>
    peer.call({ topic: topics.ours, method, context, serializer: 'context' });

  it('arrives here with every field', async () => {
    seen.length = 0;
    expect(await pythonCall('look')).toBe(true);
    expect(seen[0]?.toDict()).toMatchObject(written);
    expect(seen[0]).toMatchObject(fields);
  });

  it('arrives in Python with every field', async () => {
    const context = new RequestContext({ ...fields, userName: 'name', projectName: 'demo' });
    expect(await client.call(context, 'context')).toEqual({
      class: 'RequestContext',
      dict: written,
      names: ['name', 'demo'],
    });
  });

  it('keeps its first request id', async () => {
    const context = new RequestContext();
    expect(await client.call(context, 'context')).toMatchObject({ dict: { request_id: context.requestId } });
    expect(await pythonCall('look', { user_id: 'u1' })).toBe(true);
    expect(seen.at(-1)?.requestId).toMatch(/^req-/);
  });

  it('passes unchanged from Python through this library to Python', async () => {
    expect(await pythonCall('relay')).toMatchObject({ dict: written });
    const elevated = await pythonCall('relayElevated', { ...keywords, is_admin: false });
    expect(elevated).toMatchObject({ dict: { ...written, is_admin: true, roles: ['member', 'ä', 'admin'] } });
  });
});
