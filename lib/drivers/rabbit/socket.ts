import type { Socket } from 'node:net';
import type { ChannelModel } from 'amqplib';

/** The socket under an amqplib connection; its typings do not show it. */
export function socketOf(model: ChannelModel): Socket | undefined {
  const { stream } = model.connection as unknown as { stream?: Socket };
  return stream;
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
