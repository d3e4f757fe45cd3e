import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Ports that this process has handed out: they may not be bound yet when the next one is asked for. */
const handedOut = new Set<number>();

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
    if (await claim(port + offset)) return port;
  }
  throw new Error(`no two free ports ${offset} apart between ${from} and ${to}`);
}

async function claim(port: number): Promise<boolean> {
  if (handedOut.has(port) || !(await isFree(port))) return false;
  handedOut.add(port);
  return true;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
