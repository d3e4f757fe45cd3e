import type { Theme } from './check.js';
import { expectSame } from './expectation.js';

const sent = {
  user_id: 'u-1',
  project_id: 'p-1',
  user: 'u-1',
  tenant: 'p-1',
  roles: ['admin', 'member'],
  is_admin: true,
  read_only: false,
  request_id: 'req-6b3f',
  global_request_id: null,
  timestamp: '2026-11-23T21:34:12.263210',
  system_scope: 'all',
  made_up: { nested: [1, { deep: 'yes' }], ключ: 2 },
};

/** Returns only these keys, because a server may add keys to the context, as Python does. */
const chosen = (seen: unknown, keys: string[]): unknown =>
  Object.fromEntries(keys.map((key) => [key, (seen as Record<string, unknown> | null)?.[key]]));

/** Checks of the request context. */
export const context: Theme = {
  theme: 'context',
  checks: [
    {
      name: 'context',
      expects: 'the handler gets each key of the request context unchanged, unknown ones too',
      async run(peer) {
        const seen = await peer.result('context', {}, { context: sent });
        expectSame(chosen(seen, Object.keys(sent)), sent, 'context');
      },
    },
    {
      name: 'context-separate',
      expects: 'concurrent requests have separate contexts',
      async run(peer) {
        const contexts = [
          { user_id: 'u-1', first: 1 },
          { user_id: 'u-2', second: 2 },
        ];
        const seen = await Promise.all(contexts.map((one) => peer.result('context', {}, { context: one })));
        const keys = ['user_id', 'first', 'second'];
        expectSame(
          seen.map((one) => chosen(one, keys)),
          contexts.map((one) => chosen(one, keys)),
          'context',
        );
      },
    },
  ],
};
