import type { LogSink } from 'nestjs-oslo-messaging';
import { afterEach, expect, it, vi } from 'vitest';
import { describeWithRabbit } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic } from '../support/served-topic.js';

const fail = (): never => {
  throw new Error('of the user');
};
const failLater = async (): Promise<never> => fail();

const loggerOf = (level: () => void): LogSink => ({ debug: level, log: level, warn: level, error: level });

describeWithRabbit('an outage ends', () => {
  let served: ServedTopic;

  afterEach(async () => {
    await served.close();
    vi.restoreAllMocks();
  });

  async function cut(): Promise<void> {
    for (const { proxy } of [served.serving, served.calling]) proxy.cut();
    await eventually(() => {
      for (const { transport } of [served.serving, served.calling]) {
        expect(transport.counts.lostConnections).toBe(2);
        expect(transport.health().status).toBe('connected');
      }
    });
    await served.ping();
  }

  it.each([
    ['throws', fail],
    ['rejects', failLater],
  ])('despite a status listener that %s, which is logged, and calls the other listeners', async (_how, listener) => {
    served = await ServedTopic.open({});
    const seen: string[] = [];
    for (const { transport } of [served.serving, served.calling]) {
      transport.onStatus(listener);
      transport.onStatus((status) => seen.push(status));
    }
    await cut();
    expect(seen).toContain('disconnected');
    expect(seen.at(-1)).toBe('connected');
    expect(served.serving.log.messages(/listener of status failed: of the user/, 'error').length).toBeGreaterThan(1);
  });

  it.each([
    ['throws', fail],
    ['rejects', failLater],
  ])('despite a logger that %s, with its lines on standard error', async (_how, level) => {
    const shown = vi.spyOn(console, 'warn').mockReturnValue();
    const said = vi.spyOn(console, 'error').mockReturnValue();
    served = await ServedTopic.open({}, { logger: loggerOf(level) });
    await cut();
    await eventually(() => expect(shown.mock.calls.flat().join('\n')).toContain('Reconnected to'));
    expect(said.mock.calls.flat().filter((line) => /The logger threw/.test(String(line)))).toHaveLength(1);
  });

  it('with a listener that was added twice and removed once', async () => {
    served = await ServedTopic.open({});
    const seen: string[] = [];
    const listener = (status: string) => void seen.push(status);
    const { transport } = served.serving;
    transport.onStatus(listener);
    transport.onStatus(listener)();
    seen.length = 0;
    await cut();
    expect(seen).toContain('disconnected');
  });
});
