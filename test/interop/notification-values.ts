import { type ListenerEndpoint, type Priority } from 'nestjs-oslo-messaging';

export const PRIORITIES: readonly Priority[] = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample'];
export const DRIVERS = ['messaging', 'messagingv2'] as const;

export const CONTEXT = {
  user_id: 'u1',
  project_id: 'p1',
  roles: ['admin', 'member'],
  is_admin: true,
  request_id: 'req-1',
  global_request_id: null,
  system_scope: null,
  user_domain: 'd1',
  auth_token: 'a secret',
  tenant: 'p1',
  timestamp: '2026-11-23T21:34:12.263210',
  custom: { kept: false },
};

export const PAYLOADS: unknown[] = [
  { id: 2n ** 60n, name: 'ä\u2028 "quoted" \\ \u0000 \u{1f600}', nested: [{ deep: [null, true, 1.5, -0.001, ''] }] },
  'text',
  null,
  [],
  {},
  false,
  12,
  { constructor: 1, toString: null },
];

export interface Got {
  priority: string;
  ctxt: unknown;
  publisherId: string | null;
  eventType: string | null;
  payload: unknown;
  metadata: unknown;
}

export function recorder(result: () => unknown = () => undefined, priorities: readonly Priority[] = PRIORITIES) {
  const got: Got[] = [];
  const methods = priorities.map((priority) => [
    priority,
    (ctxt: unknown, publisherId: string | null, eventType: string | null, payload: unknown, metadata: unknown) => {
      got.push({ priority, ctxt, publisherId, eventType, payload, metadata });
      return result();
    },
  ]);
  return Object.assign(Object.fromEntries(methods) as ListenerEndpoint, { got });
}
