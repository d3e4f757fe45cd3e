import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWithRabbit } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic } from '../support/served-topic.js';

describeWithRabbit('a request that is given up while the broker cannot be reached', () => {
  let served: ServedTopic;
  let ran: number;

  beforeEach(async () => {
    ran = 0;
    served = await ServedTopic.open({ run: () => void ran++ }, { drainTimeout: '500ms' });
  });
  afterEach(() => served.close());

  it.each(['call', 'cast'] as const)('is freed at once, and not sent later: a %s', async (kind) => {
    const { proxy, transport } = served.calling;
    await proxy.refuse();
    proxy.cut();
    await eventually(() => expect(transport.health().publishing).not.toBe('connected'));
    const controller = new AbortController();
    const request = served.client.prepare({ signal: controller.signal })[kind]({}, 'run');
    const outcome = request.catch((error: unknown) => error);
    await eventually(() => expect(transport.health().pendingPublishes).toBe(1));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    await turn();
    expect(transport.health()).toMatchObject({ pendingCalls: 0, pendingPublishes: 0, pendingPublishBytes: 0 });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await proxy.accept();
    await served.ping();
    expect(ran).toBe(0);
  });
});
