import { setTimeout as sleep } from 'node:timers/promises';
import { type ChannelModel, connect } from 'amqplib';
import { Deadline } from '../../../lib/core/deadline.js';
import { eventually } from '../../support/eventually.js';
import { Answers, type Gap } from './answers.js';

const NAME = 'bare';
const QUEUE = 'lab-bare';
/** Time between two messages, and between two attempts to connect, in milliseconds. */
const INTERVAL_MS = 50;
/** Time in milliseconds after which a silent node is left. */
const PATIENCE_MS = 2000;

const ignore = () => undefined;

/**
 * Sends messages to itself by a quorum queue, with nothing but amqplib: its gaps are those of the broker. On a busy machine, a
 * cluster takes seconds to elect, which no client can shorten.
 */
export class BareClient {
  readonly #answers = new Answers();
  readonly #urls: readonly string[];
  #running: Promise<void> | undefined;
  /** Settles, without rejecting, when the last connection is closed. */
  #closing: Promise<void> = Promise.resolve();
  #isOpen = false;

  /** @param url transport URL of the cluster */
  constructor(url: string) {
    const hosts = url.replace(/^rabbit:\/\/|\/$/g, '').split(',');
    this.#urls = hosts.map((host) => `amqp://${host}/`);
  }

  /** Begins, and resolves when it is served. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#isOpen = true;
    const since = Date.now();
    this.#running = this.#run();
    await eventually(() => {
      if (!Number.isFinite(this.#answers.silenceAfter(since, [NAME]))) throw new Error('not served');
    });
  }

  /** The longest time without service between these times. */
  longestGap(since: number, until: number): Gap {
    return this.#answers.longestGap(since, [NAME], until);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#running;
    await this.#closing;
  }

  async #run(): Promise<void> {
    for (let turn = 0; this.#isOpen; turn++) {
      const url = this.#urls[turn % this.#urls.length] ?? '';
      await this.#connected(url).catch(ignore);
      await sleep(INTERVAL_MS);
    }
  }

  async #connected(url: string): Promise<void> {
    const model = await connect(url, { timeout: PATIENCE_MS });
    model.on('error', ignore);
    try {
      await this.#send(model);
    } finally {
      // A silent node does not answer this either, and another one may serve meanwhile.
      this.#closing = within(model.close()).catch(ignore);
    }
  }

  /** Sends until the node is gone or silent. */
  async #send(model: ChannelModel): Promise<void> {
    let isLost = false;
    let heardAt = performance.now();
    const lost = () => {
      isLost = true;
    };
    model.on('close', lost);
    const channel = await within(model.createChannel());
    channel.on('error', ignore).on('close', lost);
    await within(channel.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } }));
    const consuming = channel.consume(QUEUE, (message) => {
      if (!message) return lost();
      channel.ack(message);
      heardAt = performance.now();
      this.#answers.note(NAME, Date.now());
    });
    await within(consuming);
    while (this.#isOpen && !isLost && performance.now() - heardAt < PATIENCE_MS) {
      channel.sendToQueue(QUEUE, Buffer.alloc(1));
      await sleep(INTERVAL_MS);
    }
  }
}

/** Resolves as the work does; rejects when the node is silent. */
function within<T>(work: Promise<T>): Promise<T> {
  return Deadline.after(PATIENCE_MS).race(work, () => new Error('The node is silent'));
}
