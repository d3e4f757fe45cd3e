import type { Channel, ChannelModel } from 'amqplib';

const reasons = new WeakMap<object, Error>();

/** Remembers the error with which a connection ends, because its channels do not know it. */
export function rememberCloseReason(model: ChannelModel): void {
  model.on('error', (error: Error) => reasons.set(model.connection, error));
}

/** Returns the error with which the connection has ended; undefined while it is open, and after an orderly end. */
export function closeReasonOf({ connection }: Channel | ChannelModel): Error | undefined {
  return reasons.get(connection);
}
