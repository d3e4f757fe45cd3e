import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { ChannelModel } from 'amqplib';
import { expect, it } from 'vitest';
import { readsInPlace } from '../../../../../lib/drivers/rabbit/wire/socket-reads.js';
import { Wire } from '../../../../../lib/drivers/rabbit/wire/wire.js';

it('keeps nothing of the read buffer in the stream of a socket', () => {
  const { buffer, callback } = readsInPlace();
  if (!Buffer.isBuffer(buffer)) throw new Error('not one buffer');
  const pushed: Buffer[] = [];
  const socket = { push: (chunk: Buffer) => pushed.push(chunk) > 0 } as unknown as Socket;
  for (const text of ['first', 'other']) callback.call(socket, buffer.write(text), buffer);
  expect(pushed.map(String)).toEqual(['first', 'other']);
});

it('keeps nothing of the read buffer in a frame for amqplib', () => {
  const stream = Object.assign(new EventEmitter(), { write: () => true });
  stream.on('readable', () => undefined);
  const accepted: Buffer[] = [];
  const connection = {
    ...{ stream, rest: Buffer.alloc(0), maxFrameSize: 0, frameMax: 4096, muxer: { pipeFrom: () => undefined } },
    recvFrame: () => connection.rest,
    accept: (frame: Buffer) => accepted.push(frame),
  };
  Wire.takeOver({ connection } as unknown as ChannelModel);
  const heartbeat = Buffer.from([8, 0, 0, 0, 0, 0, 0, 0xce]);
  const chunk = Buffer.from(heartbeat);
  stream.emit('data', chunk);
  chunk.fill(0);
  expect(accepted).toEqual([heartbeat]);
});
