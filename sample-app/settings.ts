import {
  JsonPayloadSerializer,
  type OsloMessagingOptions,
  RequestContext,
  RequestContextSerializer,
} from 'nestjs-oslo-messaging';
import type { OsloExplorerOptions } from 'nestjs-oslo-messaging/explorer';

export const transportUrl = process.env.TRANSPORT_URL || 'memory://';

/** Address of the HTTP API. */
export const bindAddress = process.env.BIND || '127.0.0.1';

/** Returns the options of one process: the common ones and its own. */
export function options(own: OsloMessagingOptions = {}): OsloMessagingOptions {
  return {
    transportUrl,
    rpcResponseTimeout: '5s',
    drainTimeout: '5s',
    rpcDiscoveryEnabled: true,
    allowedRemoteExmods: ['tacker.common.exceptions'],
    serializer: new RequestContextSerializer(new JsonPayloadSerializer()),
    ...own,
  };
}

/** Returns the options of the page at /rpc. It has no guards: whoever is not on this machine can only read. */
export function explorerOptions(): OsloExplorerOptions {
  const local = ['127.0.0.1', 'localhost', '[::1]'];
  const isLocal = local.includes(bindAddress);
  return { enabled: true, title: 'NFV orchestrator', readOnly: !isLocal, allowedHosts: isLocal ? local : undefined };
}

/** Returns the request context of the demo user. A real API would read it from the token of the request. */
export function requestContext(): RequestContext {
  return RequestContext.fromDict({ user_id: 'demo', project_id: 'nfv', roles: ['member'] });
}
