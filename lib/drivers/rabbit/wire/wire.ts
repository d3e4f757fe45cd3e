import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Channel, ChannelModel } from 'amqplib';
import { FrameSplitter } from './frame-splitter.js';
import { FrameWriter } from './frame-writer.js';
import { type ChannelListener, IncomingContent } from './incoming-content.js';
import { passReads } from './socket-reads.js';

/** Internals of an amqplib connection, which its typings do not have. */
interface Internals {
  readonly stream: Socket;
  /** Bytes that were read and are not decoded yet. */
  rest: Buffer;
  /** Maximum size in bytes of an incoming payload; 0 is any. */
  readonly maxFrameSize: number;
  /** Maximum size in bytes of an outgoing frame. */
  readonly frameMax: number;
  /** Traffic since the last heartbeat check. */
  recvSinceLastCheck: boolean;
  sentSinceLastCheck: boolean;
  /** Decodes a frame from `rest`. */
  recvFrame(): unknown;
  /** Handles a frame. */
  accept(frame: unknown): void;
  emit(event: 'frameError', error: unknown): void;
  /** Forwards the frames that a channel writes to its stream. */
  readonly muxer: { pipeFrom(frames: Duplex): void };
}

const wires = new WeakMap<ChannelModel, Wire>();

/**
 * Reads and writes the frames of a connection that amqplib has opened. amqplib decodes headers in its read loop and throws
 * for a type that it does not know: the connection is lost, the message is delivered again on the next one, and so on.
 * Messages, acknowledgements and confirms bypass amqplib here, in both directions, which also costs a fraction of the work.
 * Every other frame is passed to amqplib: it opens and closes channels and declares.
 */
export class Wire {
  private readonly contents = new Map<number, IncomingContent>();
  private broken = false;
  readonly writer: FrameWriter;

  private constructor(private readonly connection: Internals) {
    this.writer = new FrameWriter(connection.stream, () => {
      connection.sentSinceLastCheck = true;
    });
  }

  /** Takes over a connection, once, before it is used. Does nothing when this release of amqplib has other internals. */
  static takeOver(model: ChannelModel): void {
    const connection = internalsOf(model);
    if (!connection) return;
    const wire = new Wire(connection);
    wires.set(model, wire);
    wire.takeWriting();
    wire.takeReading();
  }

  /** Returns the wire of a connection; undefined when amqplib reads and writes by itself. */
  static of(model: ChannelModel): Wire | undefined {
    return wires.get(model);
  }

  /** Maximum size in bytes of an outgoing payload. */
  get largestPayload(): number {
    return this.connection.frameMax - 8;
  }

  /** Passes the messages of a channel to a listener until it is closed. Returns the channel's number. */
  attach(channel: Channel, listener: ChannelListener): number | undefined {
    const number: unknown = Reflect.get(channel, 'ch');
    if (typeof number !== 'number') return undefined;
    this.contents.set(number, new IncomingContent(listener));
    channel.once('close', () => this.contents.delete(number));
    return number;
  }

  /**
   * Writes frames at once. amqplib has the channels take turns, each in a later turn of the event loop: every message would
   * wait, and an acknowledgement would be written after its handler has started.
   */
  private takeWriting(): void {
    const write = (frame: Buffer): boolean => {
      this.writer.write(frame);
      return true;
    };
    this.connection.muxer.pipeFrom = (channel) => {
      channel.write = write as Duplex['write'];
    };
  }

  private takeReading(): void {
    const { stream, rest, maxFrameSize } = this.connection;
    const splitter = new FrameSplitter(
      (bytes, start, end) => this.onFrame(bytes, start, end),
      maxFrameSize,
      (channel, parts) => this.onBodyParts(channel, parts),
    );
    const read = (chunk: Buffer): void => {
      if (this.broken) return;
      this.connection.recvSinceLastCheck = true;
      try {
        splitter.push(chunk);
      } catch (error) {
        // The bytes that follow cannot be read any more.
        this.broken = true;
        this.connection.emit('frameError', error);
      }
    };
    stream.removeAllListeners('readable');
    this.connection.rest = Buffer.alloc(0);
    passReads(stream, read);
    if (rest.length > 0) read(rest);
  }

  private onBodyParts(channel: number, parts: readonly Buffer[]): boolean {
    const content = this.contents.get(channel);
    for (const part of parts) content?.takeBody(part);
    return content !== undefined;
  }

  private onFrame(bytes: Buffer, start: number, end: number): void {
    const content = this.contents.get(bytes.readUInt16BE(start + 1));
    if (content?.take(bytes, start, end)) return;
    const { connection } = this;
    // amqplib keeps parts of it.
    connection.rest = Buffer.from(bytes.subarray(start, end));
    connection.accept(connection.recvFrame());
  }
}

/** Returns the internals of a connection; undefined unless all that are used exist. */
function internalsOf(model: ChannelModel): Internals | undefined {
  const connection = model.connection as unknown as Partial<Internals>;
  const { stream, rest, muxer } = connection;
  const usable =
    stream !== undefined &&
    stream.listenerCount('readable') === 1 &&
    Buffer.isBuffer(rest) &&
    typeof connection.maxFrameSize === 'number' &&
    typeof connection.frameMax === 'number' &&
    typeof connection.recvFrame === 'function' &&
    typeof connection.accept === 'function' &&
    typeof muxer?.pipeFrom === 'function';
  return usable ? (connection as Internals) : undefined;
}
