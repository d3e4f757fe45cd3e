import { FRAME_END, FRAME_HEAD, FRAME_OVERHEAD } from './frame-format.js';

/**
 * Takes one frame, which begins at `start` and ends before `end`, its end mark included. The bytes stay as they are for
 * as long as somebody refers to them.
 */
export type OnFrame = (bytes: Buffer, start: number, end: number) => void;

/**
 * Cuts what a socket reads into frames, where they lie. Only a frame that goes from one chunk into the next is put
 * together, once it is complete: however finely a network slices it, each byte is copied at most twice.
 */
export class FrameSplitter {
  private parts: Buffer[] = [];
  private length = 0;
  private needed = FRAME_HEAD;

  /** @param largest bytes of a payload that are accepted; 0 is any number */
  constructor(
    private readonly onFrame: OnFrame,
    private readonly largest: number,
  ) {}

  /** @throws Error when this is no frame, or too large a one: then nothing behind it can be made sense of */
  push(chunk: Buffer): void {
    let at = this.length > 0 ? this.complete(chunk) : 0;
    while (chunk.length - at >= FRAME_HEAD) {
      const end = at + this.sizeOf(chunk, at);
      if (end > chunk.length) break;
      this.hand(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.keep(chunk.subarray(at));
  }

  /** Fills up the frame that was begun. Returns where the next one begins. */
  private complete(chunk: Buffer): number {
    let at = 0;
    while (this.length > 0) {
      const end = Math.min(chunk.length, at + this.needed - this.length);
      this.parts.push(chunk.subarray(at, end));
      this.length += end - at;
      at = end;
      if (this.length < this.needed) break;
      const bytes = Buffer.concat(this.parts, this.length);
      const size = this.sizeOf(bytes, 0);
      this.parts = [bytes];
      this.needed = size;
      if (bytes.length < size) continue;
      this.parts = [];
      this.length = 0;
      this.hand(bytes, 0, size);
    }
    return at;
  }

  private keep(rest: Buffer): void {
    this.parts.push(rest);
    this.length = rest.length;
    this.needed = rest.length < FRAME_HEAD ? FRAME_HEAD : this.sizeOf(rest, 0);
  }

  private sizeOf(bytes: Buffer, at: number): number {
    const size = bytes.readUInt32BE(at + 3);
    if (this.largest > 0 && size > this.largest)
      throw new Error(`The broker sent a frame of ${size} bytes; ${this.largest} were agreed upon`);
    return size + FRAME_OVERHEAD;
  }

  private hand(bytes: Buffer, start: number, end: number): void {
    if (bytes[end - 1] !== FRAME_END) throw new Error('The broker sent a frame without an end mark');
    this.onFrame(bytes, start, end);
  }
}
