import type { RawDelivery } from '../wire/incoming-content.js';
import { isMarked, next, offsetOf, type StreamEvent, type StreamPlace, UNREAD } from './stream-place.js';

/** Meaning of a message of a stream: to be processed, to be skipped, or proof that the stream is another one. */
export type Judgement = 'new' | 'seen' | 'of another stream';

/** Argument `x-stream-offset` of a consumer. */
export type StreamOffset = number | 'first' | 'next' | { readonly '!': 'timestamp'; readonly value: number };

/**
 * Stream of a consumer, with the place up to which it was read. The place outlives the channel, not the process: a server
 * begins with the messages that are published after its start. Python begins with the last chunk that is there, and so
 * runs its messages again.
 *
 * An offset alone does not identify a place. A stream that was deleted and declared again begins at 0, and RabbitMQ waits
 * for an offset that the stream has not reached. So reading resumes at a known message, which has to be the same one. The
 * message is there unless the stream was truncated behind it, or is another one.
 */
export class ConsumedStream {
  private place: StreamPlace = UNREAD;
  /** True while the next message shows whether the stream is the same one. */
  resuming = false;
  /** True where the broker has counted messages in the stream. It counts them every few seconds only. */
  hasMessages = false;
  /** Called when a {@link StreamSurvey} in progress is of no more use. */
  endSurvey: () => void = () => undefined;

  /** Argument `x-stream-offset` of the next consumer. */
  get offset(): StreamOffset {
    const { place } = this;
    if (place.name === 'mark') return place.mark.offset;
    if (place.name === 'beginning') return 'first';
    const since = place.name === 'end' ? place.since : undefined;
    return since === undefined ? 'next' : { '!': 'timestamp', value: since };
  }

  /** True where nothing is known of the stream, so that only a survey can show the place from which to resume. */
  get isUnknown(): boolean {
    return this.place.name === 'end' && this.place.since === undefined;
  }

  /** Offset of the last message that was read; undefined where it is not known. */
  get lastRead(): number | undefined {
    const { place } = this;
    if (place.name === 'beginning') return -1;
    return place.name === 'mark' ? place.mark.offset - (place.mark.read ? 0 : 1) : undefined;
  }

  /** Notes that the stream exists. @param messages its message count at the broker, which may be some seconds old */
  found(messages: number): void {
    this.hasMessages = messages > 0;
  }

  /** Notes that a consumer is about to be started at the {@link offset}. */
  starting(): void {
    this.resuming = this.place.name === 'mark';
  }

  /** Changes the place. */
  dispatch(event: StreamEvent): void {
    this.place = next(this.place, event);
    if (event.type === 'replaced') this.resuming = false;
  }

  judge(raw: RawDelivery): Judgement {
    const judgement = this.resuming ? this.recognize(raw) : 'new';
    if (judgement === 'of another stream') this.dispatch({ type: 'replaced' });
    if (judgement !== 'new') return judgement;
    this.dispatch({ type: 'delivered', raw });
    this.endSurvey();
    return judgement;
  }

  /** Notes that a message has been acknowledged. */
  pass(raw: RawDelivery): void {
    this.dispatch({ type: 'passed', raw });
  }

  /** Judges the first message after reading was resumed. */
  private recognize(raw: RawDelivery): Judgement {
    this.resuming = false;
    const { place } = this;
    const offset = offsetOf(raw);
    // The stream was truncated behind the mark. All messages from here on are unread, whatever stream it is.
    if (place.name !== 'mark' || offset === undefined || offset > place.mark.offset) return 'new';
    if (!isMarked(place.mark, raw)) return 'of another stream';
    return place.mark.read ? 'seen' : 'new';
  }
}
