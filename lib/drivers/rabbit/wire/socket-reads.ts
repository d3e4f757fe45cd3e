import type { OnReadOpts, Socket } from 'node:net';

/** Size in bytes of the buffer that a socket is read into. */
const BUFFER_BYTES = 64 * 1024;

/** Called with what a socket has read. The bytes are overwritten after the call: what is kept of them must be copied. */
export type OnChunk = (chunk: Buffer) => void;

const takers = new WeakMap<object, OnChunk>();

/**
 * Returns the option of a socket that is read into one buffer. Otherwise Node.js makes a buffer of this size for each read,
 * which is a good part of the cost of a small call. Until {@link takeReads}, the stream of the socket gets all that is read.
 */
export function readsInPlace(): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  return {
    buffer,
    callback(this: unknown, size: number): boolean {
      // Node.js calls it as a method of the socket, which nothing else here knows during the handshake.
      const socket = this as Socket;
      const chunk = buffer.subarray(0, size);
      const take = takers.get(socket);
      if (!take) return socket.push(Buffer.from(chunk));
      take(chunk);
      return true;
    },
  };
}

/** Passes to `take` what a socket reads from now on, and what its stream still holds. */
export function takeReads(socket: Socket, take: OnChunk): void {
  takers.set(socket, take);
  socket.on('data', take);
}
