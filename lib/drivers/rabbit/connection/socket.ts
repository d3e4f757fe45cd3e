import type { Socket } from 'node:net';
import type { ChannelModel } from 'amqplib';

/** Returns the socket of a connection. The typings of amqplib omit it. */
export function socketOf(model: ChannelModel): Socket | undefined {
  return (model.connection as unknown as { readonly stream?: Socket }).stream;
}
