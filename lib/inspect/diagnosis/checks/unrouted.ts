import { counted } from '../../../internal.js';
import type { Check } from '../check.js';

/** Looks for exchanges to which requests are published although no queue is bound: callers and servers on different ones. */
export const unroutedCheck: Check = {
  name: 'unrouted requests',
  needs: 'management',
  async run({ management, isWhole }) {
    if (!isWhole || !management) return [];
    const exchanges = await management.exchanges();
    return exchanges
      .filter(({ name, type, received, routed }) => isOfTopics(name, type) && received > 0 && routed === 0)
      .map(({ name, received }) => ({
        kind: 'exchange',
        name,
        state: 'unbound',
        text: `${counted(received, 'message was', 'messages were')} published to it, and none reached a queue`,
        why: 'Calls to it end with MessageUndeliverable, casts are lost',
        cure: 'Give servers and callers the same controlExchange (oslo: control_exchange)',
      }));
  },
};

function isOfTopics(name: string, type: string): boolean {
  return type === 'topic' && name !== '' && !name.startsWith('amq.');
}
