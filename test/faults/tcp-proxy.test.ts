import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('TcpProxy', () => {
  let echo: Server;
  let proxy: TcpProxy;

  beforeEach(async () => {
    echo = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const address = echo.address();
    proxy = await TcpProxy.start(address !== null && typeof address === 'object' ? address.port : 0);
  });

  afterEach(async () => {
    await proxy.close();
    echo.close();
  });

  async function client(): Promise<{ socket: Socket; text: () => string; fate: () => string }> {
    const socket = connect(proxy.port, '127.0.0.1');
    let text = '';
    let fate = 'open';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      fate = error.code ?? error.message;
    });
    socket.on('end', () => {
      fate = 'end';
    });
    await once(socket, 'connect');
    return { socket, text: () => text, fate: () => fate };
  }

  it('forwards both ways, and counts', async () => {
    const { socket, text, fate } = await client();
    socket.write('hello');
    await eventually(() => expect(text()).toBe('hello'));
    expect(proxy.connections).toBe(1);
    socket.end();
    await eventually(() => expect(fate()).toBe('end'));
    await eventually(() => expect(proxy.connections).toBe(0));
    expect(proxy.accepted).toBe(1);
  });

  it('cuts with a reset, and takes new connections', async () => {
    const before = await client();
    await eventually(() => expect(proxy.connections).toBe(1));
    proxy.cut();
    await eventually(() => expect(before.fate()).toBe('ECONNRESET'));
    const after = await client();
    after.socket.write('again');
    await eventually(() => expect(after.text()).toBe('again'));
  });

  it('stalls old and new connections, and loses nothing on resume', async () => {
    const before = await client();
    before.socket.write('a');
    await eventually(() => expect(before.text()).toBe('a'));
    proxy.stall();
    const during = await client();
    before.socket.write('b');
    during.socket.end('c');
    await sleep(100);
    expect([before.text(), during.text(), during.fate()]).toEqual(['a', '', 'open']);
    proxy.resume();
    await eventually(() => expect([before.text(), during.text(), during.fate()]).toEqual(['ab', 'c', 'end']));
  });

  it('refuses new connections but keeps present ones, until it accepts again', async () => {
    const present = await client();
    await eventually(() => expect(proxy.connections).toBe(1));
    const port = proxy.port;
    await proxy.refuse();
    await expect(client()).rejects.toThrow('ECONNREFUSED');
    present.socket.write('still here');
    await eventually(() => expect(present.text()).toBe('still here'));
    await proxy.accept();
    expect(proxy.port).toBe(port);
    await client();
  });

  it('delays, in order', async () => {
    const { socket, text } = await client();
    proxy.delay(100);
    const begin = performance.now();
    socket.write('1');
    await sleep(20);
    socket.write('2');
    await eventually(() => expect(text()).toBe('12'));
    expect(performance.now() - begin).toBeGreaterThan(195);
  });

  it('closes towards the client when there is no server', async () => {
    echo.close();
    const { fate } = await client();
    await eventually(() => expect(fate()).not.toBe('open'));
  });
});
