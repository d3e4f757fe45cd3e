import {
  JsonPayloadSerializer,
  type OsloMessagingOptions,
  RequestContext,
  RequestContextSerializer,
} from 'nestjs-oslo-messaging';

export const transportUrl = process.env.TRANSPORT_URL || 'memory://';

/** What every process of the orchestrator has in common. */
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

/** On whose behalf a request is made; a real API would take it from the request's token. */
export function requestContext(): RequestContext {
  return RequestContext.fromDict({ user_id: 'demo', project_id: 'nfv', roles: ['member'] });
}
