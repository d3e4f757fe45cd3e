import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ChannelModel } from 'amqplib';

/** What amqplib's typings do not show of a connection. */
interface Internals {
  readonly stream?: Socket;
  /** Takes the frames of each channel from the stream that the channel writes them to. */
  readonly muxer?: { pipeFrom(frames: Duplex): void };
}

/** Up to so many bytes, copying frames together costs less than handing each to the system. */
const LARGEST_COPY = 64 * 1024;

function internalsOf(model: ChannelModel): Internals {
  return model.connection as unknown as Internals;
}

/** The socket under an amqplib connection. */
export function socketOf(model: ChannelModel): Socket | undefined {
  return internalsOf(model).stream;
}

/**
 * Has the frames of new channels written at the end of the step of the event loop that they come from, all together: a
 * system call for each is most of what a small call costs. amqplib has the channels take turns instead, each in a later
 * turn of the loop. That makes every message wait, and an acknowledgement would be on its way only after the handler
 * that it is for has started.
 */
export function writeTogether(model: ChannelModel): void {
  const { stream, muxer } = internalsOf(model);
  if (!stream || !muxer) return;
  let frames: Buffer[] = [];
  const flush = () => {
    const written = frames;
    frames = [];
    writeAll(stream, written);
  };
  const write = (frame: Buffer): boolean => {
    if (frames.push(frame) === 1) process.nextTick(flush);
    return true;
  };
  muxer.pipeFrom = (channel) => {
    channel.write = write as Duplex['write'];
  };
}

function writeAll(socket: Socket, frames: readonly Buffer[]): void {
  // It may have been closed since; amqplib tells whoever wrote.
  if (!socket.writable) return;
  const bytes = frames.reduce((sum, { length }) => sum + length, 0);
  if (frames.length > 1 && bytes <= LARGEST_COPY) {
    socket.write(Buffer.concat(frames, bytes));
    return;
  }
  socket.cork();
  for (const frame of frames) socket.write(frame);
  socket.uncork();
}
