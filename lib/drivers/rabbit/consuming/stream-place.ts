import { STREAM_OFFSET } from '../wire/header-names.js';
import type { RawDelivery } from '../wire/incoming-content.js';

/** Bytes at the end of a body that identify a message. oslo.messaging writes the unique id last. */
const SUFFIX_BYTES = 512;

/** Message at which reading resumes. */
interface Mark {
  readonly offset: number;
  readonly size: number;
  readonly suffix: Buffer;
  /** True for a message that was read, or that is older than the server. */
  readonly read: boolean;
}

/** Place in a stream up to which it was read. */
export type StreamPlace =
  /**
   * Nothing is known of the stream, which is read from its end. `since`: time at which the server began to work without
   * it, in seconds since 1970; the stream is then read from that time.
   */
  | { readonly name: 'end'; readonly since: number | undefined }
  /** The stream is read from its end, and the messages before it are being looked through. `last`: the last of them. */
  | { readonly name: 'surveyed'; readonly last: Mark | undefined }
  /** All messages are unread: the stream was empty or did not exist, or is another one than before. */
  | { readonly name: 'beginning' }
  | { readonly name: 'mark'; readonly mark: Mark };

/** Event that may change the place. */
export type StreamEvent =
  /** The stream does not exist. */
  | { readonly type: 'absent' }
  /** The server works without the stream. `at`: from when on, in milliseconds since 1970. */
  | { readonly type: 'missed'; readonly at: number }
  /** A consumer has been started at the end, and another one shows the messages before it. */
  | { readonly type: 'survey' }
  /** The survey has found a message. */
  | { readonly type: 'sighted'; readonly raw: RawDelivery }
  /** The survey has ended. `empty`: it has waited long enough to prove that the stream is empty. */
  | { readonly type: 'surveyEnd'; readonly empty: boolean }
  /** A message has been delivered that was not delivered before. */
  | { readonly type: 'delivered'; readonly raw: RawDelivery }
  /** A message has been acknowledged. */
  | { readonly type: 'passed'; readonly raw: RawDelivery }
  /** The stream is another one than before. */
  | { readonly type: 'replaced' };

/** Place in a stream that was never read. */
export const UNREAD: StreamPlace = { name: 'end', since: undefined };
const BEGINNING: StreamPlace = { name: 'beginning' };

/** Returns the place after an event, or the same place where the event has no meaning. Pure. */
export function next(place: StreamPlace, event: StreamEvent): StreamPlace {
  switch (event.type) {
    case 'absent':
    case 'replaced':
      return place.name === 'beginning' ? place : BEGINNING;
    case 'missed':
      // Rounded up to a second: a message from before the start must not run.
      return isUnread(place) ? { name: 'end', since: Math.ceil(event.at / 1000) } : place;
    case 'survey':
      return isUnread(place) ? { name: 'surveyed', last: undefined } : place;
    case 'sighted':
      return place.name === 'surveyed' ? { name: 'surveyed', last: markAt(event.raw, true) ?? place.last } : place;
    case 'surveyEnd':
      return afterSurvey(place, event.empty);
    case 'delivered':
      return afterDelivery(place, event.raw);
    case 'passed':
      return afterPass(place, event.raw);
  }
}

function isUnread(place: StreamPlace): boolean {
  return place.name === 'surveyed' || (place.name === 'end' && place.since === undefined);
}

function afterSurvey(place: StreamPlace, empty: boolean): StreamPlace {
  if (place.name !== 'surveyed') return place;
  if (place.last) return { name: 'mark', mark: place.last };
  return empty ? BEGINNING : UNREAD;
}

function afterDelivery(place: StreamPlace, raw: RawDelivery): StreamPlace {
  if (place.name === 'beginning') return place;
  // The survey may have found a message that is delivered only now.
  if (place.name === 'mark' && (offsetOf(raw) ?? 0) > place.mark.offset) return place;
  const mark = markAt(raw, false);
  return mark ? { name: 'mark', mark } : place;
}

function afterPass(place: StreamPlace, raw: RawDelivery): StreamPlace {
  if (place.name === 'mark' && (offsetOf(raw) ?? -1) < place.mark.offset) return place;
  const mark = markAt(raw, true);
  return mark ? { name: 'mark', mark } : place;
}

/** Returns a mark; undefined for a message without an offset. */
function markAt(raw: RawDelivery, read: boolean): Mark | undefined {
  const offset = offsetOf(raw);
  const { body } = raw;
  if (offset === undefined) return undefined;
  return { offset, size: body.length, suffix: Buffer.from(body.subarray(-SUFFIX_BYTES)), read };
}

/** Returns true for the marked message. Any other one at this offset is of another stream. */
export function isMarked({ offset, size, suffix }: Mark, raw: RawDelivery): boolean {
  const { body } = raw;
  return offsetOf(raw) === offset && body.length === size && body.subarray(-SUFFIX_BYTES).equals(suffix);
}

/** Returns the position of a message; undefined where its header has none. */
export function offsetOf({ properties }: RawDelivery): number | undefined {
  const offset = properties.headers.get(STREAM_OFFSET);
  return typeof offset === 'number' ? offset : undefined;
}
