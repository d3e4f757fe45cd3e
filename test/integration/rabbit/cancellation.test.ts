import { randomUUID } from 'node:crypto';
import { type Channel, type ChannelModel, type ConsumeMessage, connect as connectAmqp } from 'amqplib';
import { getCurrentRequest, getRpcClient, RequestCancelled, Target, type Transport } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { amqpUrl } from '../../../testkit/amqp.js';
import { type Args, useRpc } from '../../contract/rpc-stage.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';

const EXCHANGE = 'tacker';
const newId = () => randomUUID().replaceAll('-', '');

interface Got {
  readonly headers: Record<string, unknown>;
  readonly message: Record<string, unknown>;
  readonly expiration: unknown;
}

/** A peer that writes every message by hand. */
class RawPeer {
  readonly queue = `reply_${newId()}`;
  readonly got: Got[] = [];

  private constructor(
    private readonly connection: ChannelModel,
    readonly channel: Channel,
  ) {}

  static async open(): Promise<RawPeer> {
    const connection = await connectAmqp(amqpUrl(rabbitUrl));
    const peer = new RawPeer(connection, await connection.createChannel());
    await peer.consume(peer.queue);
    return peer;
  }

  async consume(queue: string): Promise<void> {
    await this.channel.assertQueue(queue, { durable: false, autoDelete: true });
    await this.channel.consume(queue, (message) => message && this.got.push(read(message)), { noAck: true });
  }

  send(exchange: string, key: string, message: object, options: { headers?: object; expiration?: number } = {}): void {
    const envelope = { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) };
    this.channel.publish(exchange, key, Buffer.from(JSON.stringify(envelope)), options);
  }

  /** Sends a call. Returns its id. */
  call(topic: string, method: string, headers: object, args: object = {}): string {
    const id = newId();
    const address = { _msg_id: id, _reply_q: this.queue, _timeout: null, _unique_id: newId() };
    this.send(EXCHANGE, topic, { method, args, ...address }, { headers, expiration: 20_000 });
    return id;
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

function read({ properties, content }: ConsumeMessage): Got {
  const { 'oslo.message': text } = JSON.parse(content.toString()) as { 'oslo.message': string };
  return {
    headers: properties.headers ?? {},
    message: JSON.parse(text) as Record<string, unknown>,
    expiration: properties.expiration,
  };
}

const CANCELLABLE = { 'x-cancellable': true };

describeWithRabbit('the messages of a cancellation', () => {
  const { connect, serve } = useRpc(rabbitUrl);
  const log = new LogRecorder();
  let peer: RawPeer;
  let topic: string;
  let signals: AbortSignal[];

  const endpoint = {
    work: () =>
      new Promise((_resolve, reject) => {
        const signal = getCurrentRequest()?.getSignal() ?? AbortSignal.abort();
        signals.push(signal);
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
    /** Takes that many milliseconds, and asks for the signal or not. */
    take: (_ctxt: unknown, { milliseconds, asks }: Args) => {
      if (asks) signals.push(getCurrentRequest()?.getSignal() ?? AbortSignal.abort());
      return new Promise((resolve) => {
        setTimeout(resolve, milliseconds as number);
      });
    },
  };

  beforeAll(async () => {
    peer = await RawPeer.open();
  });
  afterAll(() => peer?.close());
  beforeEach(() => {
    topic = uniqueTopic();
    signals = [];
    peer.got.length = 0;
    log.clear();
  });

  const start = () => serve(topic, 's', [endpoint], { transport: connect({ logger: log }) });

  it('announce the request, and end it', async () => {
    await start();
    const id = peer.call(topic, 'work', CANCELLABLE);
    const { headers, message } = await eventually(() => {
      const [announcement] = peer.got;
      if (!announcement) throw new Error('nothing yet');
      return announcement;
    });
    expect(headers).toEqual({ 'x-cancel-to': expect.stringMatching(/^reply_[0-9a-f]{32}$/) });
    expect(message).toEqual({
      result: null,
      failure: null,
      ending: false,
      _msg_id: id,
      _unique_id: expect.any(String),
    });
    peer.send('', String(headers['x-cancel-to']), { _msg_id: id, reason: 'no more' }, { headers: { 'x-cancel': 1 } });
    await eventually(() => expect(peer.got).toHaveLength(2));
    expect(signals[0]?.reason).toBeInstanceOf(RequestCancelled);
    expect(peer.got[1]?.message).toMatchObject({ ending: true, _msg_id: id });
    expect(String(peer.got[1]?.message['failure'])).toContain('RequestCancelled');
  });

  it('are not sent for a short handler, one that never asks, and a caller that never cancels', async () => {
    await start();
    peer.call(topic, 'take', CANCELLABLE, { milliseconds: 5, asks: true });
    peer.call(topic, 'take', CANCELLABLE, { milliseconds: 150, asks: false });
    peer.call(topic, 'take', {}, { milliseconds: 150, asks: true });
    const announced = peer.call(topic, 'work', CANCELLABLE);
    await eventually(() => expect(peer.got).toHaveLength(4));
    const others = peer.got.filter(({ message }) => message['ending'] !== true);
    expect(others.map(({ message }) => message['_msg_id'])).toEqual([announced]);
  });

  it('are ignored when they come late, or name no request', async () => {
    await start();
    const ended = peer.call(topic, 'take', CANCELLABLE, { milliseconds: 100, asks: true });
    peer.call(topic, 'work', CANCELLABLE);
    await eventually(() => expect(peer.got.map(({ message }) => message['ending'])).toContain(true));
    const cancelTo = String(peer.got.map(({ headers }) => headers['x-cancel-to']).find((queue) => queue));
    const headers = { 'x-cancel': 1 };
    for (const id of [ended, newId(), '__proto__', '', 7, null])
      peer.send('', cancelTo, { _msg_id: id, reason: 'no more', result: 1, ending: true }, { headers });
    peer.send('', cancelTo, { _msg_id: ended }, { headers });
    peer.channel.publish('', cancelTo, Buffer.from('{'), { headers });
    await eventually(() => expect(log.messages(/^Refused the cancellation of a request/, 'debug')).toHaveLength(4));
    expect(log.messages(/^No request runs that a caller has cancelled/, 'debug')).toHaveLength(4);
    expect(log.messages(/Refused a reply|No call waits/)).toEqual([]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  });

  /** Makes a call of ours to the raw peer. Returns its request, and what gives it up. */
  async function called(): Promise<{
    transport: Transport;
    request: Got;
    announce: (queue: string) => void;
    abort: () => Promise<unknown>;
  }> {
    const queue = newId();
    await peer.channel.assertExchange(EXCHANGE, 'topic', { durable: false });
    await peer.consume(queue);
    await peer.channel.bindQueue(queue, EXCHANGE, topic);
    const transport = connect({ logger: log, rpcResponseTimeout: 20 });
    const controller = new AbortController();
    const client = getRpcClient(transport, new Target({ topic }), { signal: controller.signal });
    const call = client.call({}, 'work').catch((error: unknown) => error);
    await eventually(() => expect(peer.got).toHaveLength(1));
    const [request] = peer.got.splice(0);
    if (!request) throw new Error('no request');
    const announce = (cancelTo: string) =>
      peer.send(
        '',
        String(request.message['_reply_q']),
        { result: null, failure: null, ending: false, _msg_id: request.message['_msg_id'], _unique_id: newId() },
        { headers: { 'x-cancel-to': cancelTo } },
      );
    const abort = () => {
      controller.abort(new Error('enough'));
      return call;
    };
    return { transport, request, announce, abort };
  }

  const cancelOf = ({ message }: Got) => ({
    headers: { 'x-cancel': 1 },
    message: { _msg_id: message['_msg_id'], reason: 'enough' },
    expiration: expect.stringMatching(/^\d{4,5}$/),
  });

  it('come from a caller that gives up, each time that a server announces its request', async () => {
    const { request, announce, abort, transport } = await called();
    expect(request.headers).toEqual({ 'x-deadline': expect.any(Number), 'x-cancellable': true });
    announce(peer.queue);
    // Answered in order: the announcement has arrived when this has.
    peer.send('', String(request.message['_reply_q']), { result: 1, ending: true, _msg_id: 'other' });
    await eventually(() => expect(transport.counts.lateReplies).toBe(1));
    await abort();
    await eventually(() => expect(peer.got).toHaveLength(1));
    announce(peer.queue);
    await eventually(() => expect(peer.got).toHaveLength(2));
    for (const cancel of peer.got) expect(cancel).toEqual(cancelOf(request));
    expect(transport.counts.lateReplies).toBe(1);
  });

  it('come from a caller that closes its transport', async () => {
    const { request, announce, transport } = await called();
    announce(peer.queue);
    peer.send('', String(request.message['_reply_q']), { result: 1, ending: true, _msg_id: 'other' });
    await eventually(() => expect(transport.counts.lateReplies).toBe(1));
    await transport.cleanup();
    await eventually(() => expect(peer.got).toHaveLength(1));
    const { message, ...rest } = cancelOf(request);
    expect(peer.got[0]).toEqual({ ...rest, message: { ...message, reason: 'The transport was closed' } });
    expect(log.messages(/not sent|not confirmed/)).toEqual([]);
  });

  it('go to reply queues only', async () => {
    const { announce, abort, request } = await called();
    const service = uniqueTopic();
    await peer.consume(service);
    announce(service);
    await abort();
    announce(service);
    announce(peer.queue);
    await eventually(() => expect(peer.got).toEqual([cancelOf(request)]));
  });

  it('are no replies', async () => {
    const { request, abort, transport } = await called();
    const reply = { result: 'forged', failure: null, ending: true, _msg_id: request.message['_msg_id'], reason: 'x' };
    peer.send('', String(request.message['_reply_q']), reply, { headers: { 'x-cancel': 1 } });
    await eventually(() => expect(log.messages(/^No request runs/, 'debug')).toHaveLength(1));
    expect(transport.health().pendingCalls).toBe(1);
    expect(await abort()).toMatchObject({ message: 'enough' });
  });
});
