import { FRAME, FRAME_END, FRAME_HEAD, FRAME_OVERHEAD } from './frame-format.js';

/**
 * Called with each frame, from `start` to before `end`, its end mark included. The bytes may be overwritten after the call:
 * what is kept of them must be copied.
 */
export type OnFrame = (bytes: Buffer, start: number, end: number) => void;

/**
 * Called with the payload of a body frame that spans chunks, in parts that are never overwritten. Returns false to be
 * called with the whole frame instead.
 */
export type OnBodyParts = (channel: number, parts: readonly Buffer[]) => boolean;

/** Maximum number of parts of a body frame that are not copied together: a network may slice a frame into single bytes. */
const MAX_PARTS = 16;

/**
 * Splits the chunks of a socket into frames, without copying them. Only a frame that spans chunks is copied: however finely a
 * network slices it, each byte is copied at most three times.
 */
export class FrameSplitter {
  private parts: Buffer[] = [];
  private length = 0;
  private needed = FRAME_HEAD;

  /** @param maxPayload maximum size of a payload in bytes; 0 is any */
  constructor(
    private readonly onFrame: OnFrame,
    private readonly maxPayload: number,
    private readonly onBodyParts?: OnBodyParts,
  ) {}

  /**
   * @throws Error for bytes that are not a frame, or a frame that is too large. The connection is unreadable after it
   */
  push(chunk: Buffer): void {
    let at = this.length > 0 ? this.complete(chunk) : 0;
    while (chunk.length - at >= FRAME_HEAD) {
      const end = at + this.sizeOf(chunk, at);
      if (end > chunk.length) break;
      this.emit(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.keep(chunk.subarray(at));
  }

  /** Completes the frame that was begun. Returns where the next one begins. */
  private complete(chunk: Buffer): number {
    let at = 0;
    while (this.length > 0) {
      const end = Math.min(chunk.length, at + this.needed - this.length);
      const part = chunk.subarray(at, end);
      this.length += part.length;
      at = end;
      if (this.length < this.needed) {
        this.parts.push(Buffer.from(part));
        break;
      }
      this.parts.push(part);
      if (this.passParts()) break;
      const bytes = Buffer.concat(this.parts, this.length);
      const size = this.sizeOf(bytes, 0);
      this.parts = [bytes];
      this.needed = size;
      if (bytes.length < size) continue;
      this.parts = [];
      this.length = 0;
      this.emit(bytes, 0, size);
    }
    return at;
  }

  /** Passes on the parts of a complete body frame. Returns false for another frame, and one that is to be copied. */
  private passParts(): boolean {
    const { parts } = this;
    const [first] = parts;
    const last = parts.at(-1);
    if (!this.onBodyParts || !first || !last || first === last || parts.length > MAX_PARTS) return false;
    // A shorter part is the beginning of a head.
    if (first.length < FRAME_HEAD || first[0] !== FRAME.BODY) return false;
    if (last[last.length - 1] !== FRAME_END) throw unended();
    // Only the last part is still in the buffer of the socket.
    const payload = [first.subarray(FRAME_HEAD), ...parts.slice(1, -1), Buffer.from(last.subarray(0, -1))];
    const parted = payload.filter(({ length }) => length > 0);
    if (!this.onBodyParts(first.readUInt16BE(1), parted)) return false;
    this.parts = [];
    this.length = 0;
    return true;
  }

  private keep(rest: Buffer): void {
    this.parts.push(Buffer.from(rest));
    this.length = rest.length;
    this.needed = rest.length < FRAME_HEAD ? FRAME_HEAD : this.sizeOf(rest, 0);
  }

  private sizeOf(bytes: Buffer, at: number): number {
    const size = bytes.readUInt32BE(at + 3);
    if (this.maxPayload > 0 && size > this.maxPayload)
      throw new Error(`The broker sent a frame of ${size} bytes; ${this.maxPayload} were agreed upon`);
    return size + FRAME_OVERHEAD;
  }

  private emit(bytes: Buffer, start: number, end: number): void {
    if (bytes[end - 1] !== FRAME_END) throw unended();
    this.onFrame(bytes, start, end);
  }
}

const unended = (): Error => new Error('The broker sent a frame without an end mark');
