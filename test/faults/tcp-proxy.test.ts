import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
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

  it('forwards in both directions, and counts', async () => {
    const { socket, text, fate } = await client();
    socket.write('hello');
    await eventually(() => expect(text()).toBe('hello'));
    expect(proxy.connections).toBe(1);
    socket.end();
    await eventually(() => expect(fate()).toBe('end'));
    await eventually(() => expect(proxy.connections).toBe(0));
    expect(proxy.accepted).toBe(1);
  });

  it('resets connections, and accepts new ones', async () => {
    const before = await client();
    await eventually(() => expect(proxy.connections).toBe(1));
    proxy.cut();
    await eventually(() => expect(before.fate()).toBe('ECONNRESET'));
    const after = await client();
    after.socket.write('again');
    await eventually(() => expect(after.text()).toBe('again'));
  });

  it('stalls old and new connections, and loses no byte on resume', async () => {
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

  it('delays with jitter, in order', async () => {
    const { socket, text } = await client();
    proxy.delay(30, 30);
    const digits = Array.from({ length: 40 }, (_, n) => String(n % 10));
    for (const digit of digits) {
      socket.write(digit);
      await nextTurn();
    }
    await eventually(() => expect(text()).toBe(digits.join('')));
  });

  it('delivers in slices', async () => {
    const { socket, text } = await client();
    const sizes: number[] = [];
    socket.on('data', (chunk) => sizes.push(chunk.length));
    proxy.slice(1);
    socket.write('x'.repeat(50));
    await eventually(() => expect(text()).toBe('x'.repeat(50)));
    // The machine may join a few of them, but never all.
    expect(sizes.length).toBeGreaterThan(25);
    proxy.slice(Number.POSITIVE_INFINITY);
    socket.write('whole');
    await eventually(() => expect(sizes.at(-1)).toBe(5));
  });

  it.each(['toServer', 'toClient'] as const)('stalls one direction: %s', async (direction) => {
    const got: string[] = [];
    echo.on('connection', (socket: Socket) => socket.on('data', (chunk) => got.push(chunk.toString())));
    const { socket, text } = await client();
    proxy.stall(direction);
    socket.write('a');
    if (direction === 'toClient') await eventually(() => expect(got).toEqual(['a']));
    await sleep(100);
    expect([got, text()]).toEqual([direction === 'toClient' ? ['a'] : [], '']);
    proxy.resume();
    await eventually(() => expect([got, text()]).toEqual([['a'], 'a']));
  });

  it('leaves connections half-open: bytes and closes are lost, and new connections work', async () => {
    const ends: string[] = [];
    echo.on('connection', (socket: Socket) => socket.on('close', () => ends.push('server')));
    const before = await client();
    before.socket.write('a');
    await eventually(() => expect(before.text()).toBe('a'));
    proxy.halfOpen();
    before.socket.write('b');
    proxy.resume();
    await sleep(50);
    expect([before.text(), before.fate()]).toEqual(['a', 'open']);
    before.socket.destroy();
    const after = await client();
    after.socket.write('c');
    await eventually(() => expect(after.text()).toBe('c'));
    expect([ends, proxy.connections]).toEqual([[], 2]);
  });

  it('resets at intervals until it is healed', async () => {
    proxy.cutEvery(50);
    const first = await client();
    await eventually(() => expect(first.fate()).toBe('ECONNRESET'));
    const second = await client();
    await eventually(() => expect(second.fate()).toBe('ECONNRESET'));
    await proxy.heal();
    const third = await client();
    await sleep(150);
    expect(third.fate()).toBe('open');
  });

  it('closes the connection to the client when there is no server', async () => {
    echo.close();
    const { fate } = await client();
    await eventually(() => expect(fate()).not.toBe('open'));
  });
});
