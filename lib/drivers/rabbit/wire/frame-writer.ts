import type { Socket } from 'node:net';

/** Up to so many bytes, copying frames together costs less than handing each to the system. */
export const LARGEST_COPY = 16 * 1024;

const BATCH = 64 * 1024;

/**
 * Writes frames at the end of the step of the event loop that they come from, all together: a system call for each is
 * most of what a small call costs, and so is a read for each at the broker.
 */
export class FrameWriter {
  private batch = Buffer.allocUnsafeSlow(BATCH);
  private used = 0;
  private scheduled = false;

  /** @param onWrite called whenever something is written */
  constructor(
    private readonly socket: Socket,
    private readonly onWrite: () => void,
  ) {}

  /**
   * Has frames filled in where they will be written from.
   * @param most bytes that they may have
   * @param fill gets the place, and returns where they end. When it throws, nothing is written
   */
  fill(most: number, fill: (bytes: Buffer, at: number) => number): void {
    if (this.used + most > BATCH) {
      if (most > BATCH) {
        const bytes = Buffer.allocUnsafe(most);
        this.write(bytes.subarray(0, fill(bytes, 0)));
        return;
      }
      this.send();
    }
    this.schedule();
    this.used = fill(this.batch, this.used);
  }

  /** Bytes that must not change until they are written. */
  write(bytes: Buffer): void {
    if (bytes.length <= LARGEST_COPY) {
      this.fill(bytes.length, (batch, at) => at + bytes.copy(batch, at));
      return;
    }
    this.schedule();
    this.send();
    if (this.socket.writable) this.socket.write(bytes);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    process.nextTick(this.flush);
  }

  private readonly flush = (): void => {
    this.scheduled = false;
    this.send();
    this.onWrite();
  };

  private send(): void {
    const { socket, batch, used } = this;
    this.used = 0;
    // It may have been closed since; amqplib tells whoever wrote.
    if (used === 0 || !socket.writable) return;
    const frames = batch.subarray(0, used);
    // While the broker does not read, much may wait here: then each batch keeps its own bytes, and no more than these.
    if (socket.writableLength > 0) {
      socket.write(Buffer.from(frames));
      return;
    }
    socket.write(frames);
    // What the system has not taken yet is read from there later.
    if (socket.writableLength > 0) this.batch = Buffer.allocUnsafeSlow(BATCH);
  }
}
