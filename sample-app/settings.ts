import {
  JsonPayloadSerializer,
  type OsloMessagingOptions,
  RequestContext,
  RequestContextSerializer,
} from 'nestjs-oslo-messaging';

export const transportUrl = process.env.TRANSPORT_URL || 'memory://';

/** Returns the options of one process: the common ones and its own. */
export function options(own: OsloMessagingOptions = {}): OsloMessagingOptions {
  return {
    transportUrl,
    rpcResponseTimeout: '5s',
    drainTimeout: '5s',
    allowedRemoteExmods: ['tacker.common.exceptions'],
    serializer: new RequestContextSerializer(new JsonPayloadSerializer()),
    ...own,
  };
}

/** Returns the request context of the demo user. A real API would read it from the token of the request. */
export function requestContext(): RequestContext {
  return RequestContext.fromDict({ user_id: 'demo', project_id: 'nfv', roles: ['member'] });
}
