import { STREAM_OFFSET } from '../wire/header-names.js';
import type { RawDelivery } from '../wire/incoming-content.js';
import type { ConsumedStream } from './consumed-stream.js';
import type { ConsumingChannel, Consumption, Reader } from './consuming-channel.js';
import { offsetOf } from './stream-place.js';

/** Minimum time for a stream that is not empty to deliver its first message, in milliseconds. */
const MIN_WAIT_MS = 250;
/** Minimum time for the first message, in round trips on the channel: a busy broker needs longer for both. */
const WAIT_ROUND_TRIPS = 10;
/** Maximum time for the first message, in milliseconds. */
const MAX_WAIT_MS = 5000;

/**
 * Reads the last chunk of a stream without processing its messages, beside the consumer that has just been started at the
 * end. The last of them is the place from which reading resumes when the connection is lost before the first new message.
 * AMQP shows the end of a stream in no other way: RabbitMQ counts the messages of a stream every few seconds only.
 */
export class StreamSurvey implements Reader {
  private sightings = 0;
  private last: number | undefined;
  private over = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly channel: ConsumingChannel,
    private readonly stream: ConsumedStream,
  ) {}

  /**
   * Resolves with the offset of the last message when the end is found, or when a new message has been delivered. Rejects
   * when the channel is lost.
   * @param roundTrip time in milliseconds that the broker has taken to answer a method on the channel
   */
  async run(
    { queue, prefetch }: Pick<Consumption, 'queue' | 'prefetch'>,
    roundTrip: number,
  ): Promise<number | undefined> {
    const { channel, stream } = this;
    stream.dispatch({ type: 'survey' });
    stream.endSurvey = () => this.end();
    channel.join(this, true);
    let empty = false;
    try {
      const options = { noAck: false, arguments: { [STREAM_OFFSET]: 'last' } };
      await channel.consume(
        this,
        { queue, options, prefetch },
        { delivered: (raw) => this.sight(raw), cancelled: () => this.end() },
      );
      empty = await this.awaitFirst(stream.hasMessages ? MAX_WAIT_MS : waitFor(roundTrip));
      // The broker has delivered all that it may before it answers, as soon as it has read the acknowledgements.
      for (let before = 0; before < this.sightings && !this.over; ) {
        before = this.sightings;
        await channel.awaitStart();
      }
    } finally {
      stream.endSurvey = () => undefined;
      stream.dispatch({ type: 'surveyEnd', empty: empty && !stream.hasMessages });
      await channel.leave(this);
    }
    return this.last;
  }

  /** Handles the end of the channel. */
  ended(): void {
    this.end();
  }

  /** Resolves with true where no message was delivered in time. */
  private async awaitFirst(time: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, time);
      this.wake = resolve;
      if (this.over || this.sightings > 0) resolve();
    });
    clearTimeout(timer);
    return !this.over && this.sightings === 0;
  }

  private sight(raw: RawDelivery): void {
    this.sightings++;
    this.last = offsetOf(raw);
    this.stream.dispatch({ type: 'sighted', raw });
    void this.channel.acknowledger.acknowledge(raw.deliveryTag);
    this.wake();
  }

  private end(): void {
    this.over = true;
    this.wake();
  }
}

function waitFor(roundTrip: number): number {
  return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, WAIT_ROUND_TRIPS * roundTrip));
}
