import type { Socket } from 'node:net';

/** Maximum size in bytes of a frame that is copied into a batch. Writing a larger one by itself costs less. */
export const MAX_COPIED_BYTES = 16 * 1024;

/** Size in bytes of a batch. */
const BATCH_BYTES = 64 * 1024;

/**
 * Writes the frames of one step of the event loop together, at its end. A system call for each would be most of the cost of
 * a small call, and the broker would need a read for each.
 */
export class FrameWriter {
  private batch = Buffer.allocUnsafeSlow(BATCH_BYTES);
  private used = 0;
  private scheduled = false;
  /** True while the socket gathers the parts of large frames, to write them with one system call. */
  private corked = false;

  /** @param onWrite called after each write */
  constructor(
    private readonly socket: Socket,
    private readonly onWrite: () => void,
  ) {}

  /**
   * Fills frames into the batch, without copying them.
   * @param most maximum size of the frames in bytes
   * @param fill called with the buffer and a position; returns the end of the frames. When it throws, nothing is written
   */
  fill(most: number, fill: (bytes: Buffer, at: number) => number): void {
    if (this.used + most > BATCH_BYTES) {
      if (most > BATCH_BYTES) {
        const bytes = Buffer.allocUnsafe(most);
        this.write(bytes.subarray(0, fill(bytes, 0)));
        return;
      }
      this.send();
    }
    this.schedule();
    this.used = fill(this.batch, this.used);
  }

  /** Writes bytes, which must not change afterwards. */
  write(bytes: Buffer): void {
    if (bytes.length <= MAX_COPIED_BYTES) {
      this.fill(bytes.length, (batch, at) => at + bytes.copy(batch, at));
      return;
    }
    this.schedule();
    if (!this.corked) {
      this.corked = true;
      this.socket.cork();
    }
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
    if (this.corked) {
      this.corked = false;
      this.socket.uncork();
    }
    this.onWrite();
  };

  private send(): void {
    const { socket, batch, used } = this;
    this.used = 0;
    // The socket may have been closed meanwhile; amqplib reports that.
    if (used === 0 || !socket.writable) return;
    const frames = batch.subarray(0, used);
    // While the broker does not read, many batches may wait: each keeps a copy of its own size only.
    if (socket.writableLength > 0) {
      socket.write(Buffer.from(frames));
      return;
    }
    socket.write(frames);
    // Node.js still reads from the batch when the system has not accepted all of it.
    if (socket.writableLength > 0) this.batch = Buffer.allocUnsafeSlow(BATCH_BYTES);
  }
}
