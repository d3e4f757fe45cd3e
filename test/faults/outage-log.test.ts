import { getNotificationTransport, getRpcTransport } from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CONNECTION_UNBLOCKED, connectionBlocked } from '../support/amqp-frames.js';
import { describeWithRabbit, rabbitPort } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { ServedTopic } from '../support/served-topic.js';

describeWithRabbit('the log of an outage', () => {
  let served: ServedTopic;

  beforeEach(async () => {
    served = await ServedTopic.open({ note: () => 1 });
  });
  afterEach(() => served.close());

  it('has one line for each lost connection, and one line with the attached queues after the outage', async () => {
    const { serving } = served;
    await serving.proxy.refuse();
    serving.proxy.cut();
    await eventually(() =>
      expect(serving.log.messages(/^Cannot connect to .* \(consuming\); next attempt in /, 'warn')).toHaveLength(1),
    );
    await serving.proxy.accept();
    await eventually(() => expect(serving.log.messages(/^Reconnected/)).toHaveLength(1));
    await served.ping();
    const address = `127.0.0.1:${serving.proxy.port}`;
    expect(serving.log.messages(/^Lost the/, 'warn').toSorted()).toEqual([
      expect.stringContaining(`Lost the consuming connection to ${address} (`),
      expect.stringContaining(`Lost the publishing connection to ${address} (`),
    ]);
    expect(serving.log.messages(/^Reconnected/, 'warn')).toEqual([
      expect.stringMatching(new RegExp(`^Reconnected to ${address} after \\d+\\.\\d s; 3 queues attached$`)),
    ]);
    expect(serving.log.messages(/./, 'error')).toEqual([]);
  });

  it('has a line when publishing is blocked and when it is unblocked, and none about consumers', async () => {
    const { calling } = served;
    for (const link of calling.proxy.links) link.inject('toClient', connectionBlocked('low on memory'));
    await eventually(() => expect(calling.transport.health().status).toBe('blocked'));
    for (const link of calling.proxy.links) link.inject('toClient', CONNECTION_UNBLOCKED);
    await eventually(() => expect(calling.transport.health().status).toBe('connected'));
    expect(calling.log.messages(/accepts publishing again, after \d+\.\d s/, 'warn')).not.toEqual([]);
    expect(calling.log.messages(/consume/)).toEqual([]);
  });

  it('has one line for each purpose about a refused login, for any number of transports', async () => {
    const log = new LogRecorder();
    const options = { transportUrl: `rabbit://nobody:wrong@127.0.0.1:${rabbitPort}/`, logger: log };
    const [rpc, notifications] = [getRpcTransport(options), getNotificationTransport(options)];
    const connects = [rpc.connect(), notifications.connect({ publishOnly: true }), rpc.connect()];
    const outcomes = await Promise.allSettled(connects);
    await eventually(() => expect(log.messages(/\(consuming\)/)).not.toEqual([]));
    await Promise.all([rpc.cleanup(), notifications.cleanup()]);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    const lineFor = (purpose: string) =>
      expect.stringMatching(
        new RegExp(
          `^Cannot connect to 127\\.0\\.0\\.1:${rabbitPort}: .*ACCESS.REFUSED.* \\(${purpose}\\); not tried again before the next use, because it would not help$`,
        ),
      );
    expect(log.messages(/./, 'warn').toSorted()).toEqual([lineFor('consuming'), lineFor('publishing')]);
    expect(log.messages(/./, 'error')).toEqual([]);
  });

  it('is empty for a regular close', async () => {
    await served.server.stop();
    await Promise.all([served.calling.transport.cleanup(), served.serving.transport.cleanup()]);
    for (const { log } of [served.calling, served.serving])
      expect([...log.messages(/./, 'warn'), ...log.messages(/./, 'error')]).toEqual([]);
  });
});
