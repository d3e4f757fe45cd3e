import { isIP, connect as openPlain, type Socket } from 'node:net';
import { connect as openSecure } from 'node:tls';
import { FRAME, FRAME_HEAD, FRAME_OVERHEAD } from '../wire/frame-format.js';
import { FrameSplitter } from '../wire/frame-splitter.js';
import { putFrame } from '../wire/outgoing-frames.js';
import type { ConnectOptions } from './connect-options.js';

const PROTOCOL_HEADER = Buffer.from('AMQP\0\0\x09\x01', 'latin1');

/** Class and method of the handshake. */
const START = (10 << 16) | 10;
const START_OK = (10 << 16) | 11;
const TUNE = (10 << 16) | 30;
const TUNE_OK = (10 << 16) | 31;
const OPEN = (10 << 16) | 40;
const CLOSE = (10 << 16) | 50;

/** Size in bytes of the parameters of `connection.tune`, and of class and method. */
const TUNE_SIZE = 8;
const METHOD_ID = 4;

/** Maximum size in bytes of a frame of the handshake. */
const MAX_PAYLOAD = 128 * 1024;

/**
 * Asks the broker by another handshake why it refuses to open the virtual host: it does not exist, the user may not use
 * it, or a limit is reached. Resolves with the broker's text; with undefined where it does not give one.
 */
export function openRefusal(options: ConnectOptions): Promise<string | undefined> {
  const [{ vhost = '' }, { credentials }] = options;
  const socket = openSocket(options);
  return new Promise((resolve) => {
    const onMethod = (method: number, parameters: Buffer): void => {
      if (method === START) socket.write(loginFrame(credentials));
      else if (method === TUNE) socket.write(openFrames(parameters.subarray(0, TUNE_SIZE), decodeURIComponent(vhost)));
      else {
        if (method === CLOSE) resolve(parameters.toString('utf8', 3, 3 + (parameters[2] ?? 0)));
        // Otherwise the broker accepts the connection now.
        socket.destroy();
      }
    };
    const splitter = new FrameSplitter((bytes, start, end) => {
      const at = start + FRAME_HEAD;
      onMethod(bytes.readInt32BE(at), bytes.subarray(at + METHOD_ID, end - 1));
    }, MAX_PAYLOAD);
    socket.on('data', (chunk: Buffer) => {
      try {
        splitter.push(chunk);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => undefined).on('close', () => resolve(undefined));
    socket.write(PROTOCOL_HEADER);
  });
}

function openSocket([{ protocol, hostname = '', port = 0 }, options]: ConnectOptions): Socket {
  const target = { ...options, host: hostname, port };
  if (protocol !== 'amqps') return openPlain(target);
  return openSecure({ ...target, ...(isIP(hostname) === 0 && { servername: hostname }) });
}

function loginFrame({ mechanism, response }: ConnectOptions[1]['credentials']): Buffer {
  const noProperties = longText(Buffer.alloc(0));
  return frame(START_OK, noProperties, text(mechanism), longText(response()), text('en_US'));
}

function openFrames(tuning: Buffer, virtualHost: string): Buffer {
  return Buffer.concat([frame(TUNE_OK, tuning), frame(OPEN, text(virtualHost), text(''), Buffer.alloc(1))]);
}

/** Returns a method of the connection with its parameters. */
function frame(method: number, ...parts: readonly Buffer[]): Buffer {
  const parameters = Buffer.concat(parts);
  const bytes = Buffer.alloc(FRAME_OVERHEAD + METHOD_ID + parameters.length);
  const at = bytes.writeInt32BE(method, FRAME_HEAD);
  putFrame(bytes, 0, at + parameters.copy(bytes, at), FRAME.METHOD, 0);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function longText(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
