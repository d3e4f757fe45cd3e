import type { OnReadOpts, Socket } from 'node:net';

/** Size in bytes of the buffer that a socket is read into. */
const BUFFER_BYTES = 64 * 1024;

/** Called with what a socket has read. The bytes are overwritten after the call: what is kept of them must be copied. */
export type OnChunk = (chunk: Buffer) => void;

const readers = new WeakMap<object, OnChunk>();

/**
 * Returns the option of a socket that is read into one buffer. Otherwise Node.js makes a buffer of this size for each read,
 * which is a good part of the cost of a small call. Until {@link passReads}, the stream of the socket gets all that is read.
 * @param onHandshake called with each read until then
 */
export function readsInPlace(onHandshake?: () => void): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  return {
    buffer,
    callback(this: unknown, size: number): boolean {
      // Node.js calls it as a method of the socket, which nothing else here knows during the handshake.
      const socket = this as Socket;
      const chunk = buffer.subarray(0, size);
      const read = readers.get(socket);
      if (read) {
        read(chunk);
        return true;
      }
      onHandshake?.();
      return socket.push(Buffer.from(chunk));
    },
  };
}

/** Passes all further data of a socket to `read`, and the data that its stream still holds. */
export function passReads(socket: Socket, read: OnChunk): void {
  readers.set(socket, read);
  socket.on('data', read);
}
