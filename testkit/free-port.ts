import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A free loopback port in [from, to]. Port 0 is not used because the kernel picks from its client range, where an
 * outgoing connection of another test can take the port before the server under test binds it.
 */
export async function freePort(from = 13_000, to = 29_999): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(from, to + 1);
    if (await claim(port)) return port;
  }
  throw new Error(`no free port between ${from} and ${to}`);
}

/** A free port whose neighbour at `offset` is free as well. */
export async function freePortPair(from: number, to: number, offset: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = await freePort(from, to);
    if (await isFree(port + offset)) return port;
  }
  throw new Error(`no two free ports ${offset} apart between ${from} and ${to}`);
}

/**
 * True when the port is free, and nobody else has claimed it whose server does not listen yet. A claim is a server on the
 * same port of another loopback address. It lasts as long as this process, and holds for all processes of the machine.
 */
async function claim(port: number): Promise<boolean> {
  return (await isFree(port)) && listens(port, '127.0.0.2', true);
}

function isFree(port: number): Promise<boolean> {
  return listens(port, '127.0.0.1', false);
}

function listens(port: number, host: string, keep: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().unref();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => (keep ? resolve(true) : server.close(() => resolve(true))));
  });
}
