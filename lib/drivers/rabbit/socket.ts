import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { ChannelModel } from 'amqplib';

/** What amqplib's typings do not show of a connection. */
interface Internals {
  readonly stream?: Socket;
  readonly muxer?: { pipeFrom(frames: Readable): void };
}

function internalsOf(model: ChannelModel): Internals {
  return model.connection as unknown as Internals;
}

/** The socket under an amqplib connection. */
export function socketOf(model: ChannelModel): Socket | undefined {
  return internalsOf(model).stream;
}

/**
 * Lets the frames of new channels go to the socket when they are written: amqplib has the channels take turns, each in a
 * later turn of the event loop, which none of ours needs. It makes every message wait, and an acknowledgement would be
 * on its way only after the handler that it is for has started.
 */
export function writeAtOnce(model: ChannelModel): void {
  const { stream, muxer } = internalsOf(model);
  if (!stream || !muxer) return;
  muxer.pipeFrom = (frames) => {
    frames.on('data', (frame: Buffer) => stream.write(frame));
  };
}

/**
 * Sends what is written within one turn of the event loop as one packet: amqplib writes every frame by itself, and a
 * system call for each is most of what a small call costs.
 */
export function corkWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let corked = false;
  const uncork = () => {
    corked = false;
    socket.uncork();
  };
  socket.write = ((...args: unknown[]) => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(uncork);
    }
    return write(...args);
  }) as typeof socket.write;
}
