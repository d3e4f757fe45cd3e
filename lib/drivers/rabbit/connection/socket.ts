import type { Socket } from 'node:net';
import type { ChannelModel } from 'amqplib';

/** The socket under an amqplib connection, which its typings do not show. */
export function socketOf(model: ChannelModel): Socket | undefined {
  return (model.connection as unknown as { readonly stream?: Socket }).stream;
}
