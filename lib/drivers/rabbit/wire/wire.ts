import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Channel, ChannelModel } from 'amqplib';
import { FrameSplitter } from './frame-splitter.js';
import { FrameWriter } from './frame-writer.js';
import { type ChannelListener, IncomingContent } from './incoming-content.js';

/** What amqplib's typings do not show of a connection. */
interface Internals {
  readonly stream: Socket;
  /** What was read and is not decoded yet. */
  rest: Buffer;
  /** Most bytes of a payload that comes; 0 is any number. */
  readonly maxFrameSize: number;
  /** Most bytes of a frame that goes. */
  readonly frameMax: number;
  /** For the heartbeats. */
  recvSinceLastCheck: boolean;
  sentSinceLastCheck: boolean;
  /** Decodes a frame from `rest`. */
  recvFrame(): unknown;
  /** Does what the frame is for. */
  accept(frame: unknown): void;
  emit(event: 'frameError', error: unknown): void;
  /** Takes the frames of each channel from the stream that the channel writes them to. */
  readonly muxer: { pipeFrom(frames: Duplex): void };
}

const wires = new WeakMap<ChannelModel, Wire>();

/**
 * The bytes of a connection that amqplib has opened, taken over from it. amqplib decodes all that comes in one loop, in
 * which a header that it does not know throws: the connection is lost, the message comes back with the next one, and so
 * on for ever. Here messages, acknowledgements and confirmations go past amqplib, in either direction, which also costs
 * a fraction of the work. Everything else is handed to it frame by frame: the handshake, which it has done by now,
 * channels, declarations and closing are as it does them.
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

  /** Once for each connection, before it is used. An amqplib of another make is left to itself. */
  static takeOver(model: ChannelModel): void {
    const connection = internalsOf(model);
    if (!connection) return;
    const wire = new Wire(connection);
    wires.set(model, wire);
    wire.takeWriting();
    wire.takeReading();
  }

  /** The wire of a connection; undefined where amqplib reads and writes alone. */
  static of(model: ChannelModel): Wire | undefined {
    return wires.get(model);
  }

  /** Most bytes of the payload of a frame that is sent. */
  get largestPayload(): number {
    return this.connection.frameMax - 8;
  }

  /** Takes the messages of a channel until it is closed. Returns the channel's number. */
  attach(channel: Channel, listener: ChannelListener): number | undefined {
    const number: unknown = Reflect.get(channel, 'ch');
    if (typeof number !== 'number') return undefined;
    this.contents.set(number, new IncomingContent(listener));
    channel.once('close', () => this.contents.delete(number));
    return number;
  }

  /**
   * amqplib has the channels take turns, each in a later turn of the event loop. That makes every message wait, and an
   * acknowledgement would be on its way only after the handler that it is for has started.
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
    const splitter = new FrameSplitter((bytes, start, end) => this.onFrame(bytes, start, end), maxFrameSize);
    const read = (chunk: Buffer): void => {
      if (this.broken) return;
      this.connection.recvSinceLastCheck = true;
      try {
        splitter.push(chunk);
      } catch (error) {
        // What follows cannot be understood any more.
        this.broken = true;
        this.connection.emit('frameError', error);
      }
    };
    stream.removeAllListeners('readable');
    this.connection.rest = Buffer.alloc(0);
    stream.on('data', read);
    if (rest.length > 0) read(rest);
  }

  private onFrame(bytes: Buffer, start: number, end: number): void {
    const content = this.contents.get(bytes.readUInt16BE(start + 1));
    if (content?.take(bytes, start, end)) return;
    const { connection } = this;
    connection.rest = bytes.subarray(start, end);
    connection.accept(connection.recvFrame());
  }
}

/** Undefined unless all is there that is made use of. */
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
