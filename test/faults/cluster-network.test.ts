import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterNetwork, type NodePlace } from '../../testkit/cluster-network.js';
import { eventually } from '../support/eventually.js';

const PORT = 5672;
const CONNECT = `
const socket = require('node:net').connect(${PORT}, process.argv[1]);
socket.setTimeout(1500, () => process.exit(3));
socket.once('connect', () => process.exit(0)).once('error', () => process.exit(2));`;
const LISTEN = `require('node:net').createServer().listen(${PORT}, () => console.log('listening'));`;

describe.skipIf(ClusterNetwork.missing() !== undefined)('the networks of a cluster', () => {
  let network: ClusterNetwork;
  let first: NodePlace;
  let second: NodePlace;
  const servers: ChildProcess[] = [];

  const inside = ({ namespace }: NodePlace) => ['netns', 'exec', namespace, process.execPath, '-e'];
  const reaches = (from: NodePlace, to: NodePlace) =>
    spawnSync('ip', [...inside(from), CONNECT, to.peerAddress]).status === 0;

  function answersClients(place: NodePlace): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(PORT, place.address, () => settle(true));
      const settle = (answered: boolean) => {
        socket.destroy();
        resolve(answered);
      };
      socket.setTimeout(1500, () => settle(false)).once('error', () => settle(false));
    });
  }

  beforeAll(async () => {
    network = await ClusterNetwork.create(2);
    [first, second] = network.places as [NodePlace, NodePlace];
    for (const place of network.places) {
      const server = spawn('ip', [...inside(place), LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
      servers.push(server);
      if (server.stdout) await once(server.stdout, 'data');
    }
  }, 60_000);
  afterAll(() => network?.remove());

  it('connect the nodes and their clients', async () => {
    await eventually(() => expect(reaches(first, second)).toBe(true));
    await eventually(async () => expect(await answersClients(first)).toBe(true));
  });

  it('separate a node from its peers, but not from its clients', async () => {
    network.cutOff(first);
    expect(reaches(first, second)).toBe(false);
    expect(reaches(second, first)).toBe(false);
    expect(await answersClients(first)).toBe(true);
    expect(await answersClients(second)).toBe(true);
    network.join(first);
    await eventually(() => expect(reaches(second, first)).toBe(true));
  });

  it('are removed with the processes inside', async () => {
    const ended = servers.map((server) => once(server, 'exit'));
    await network.remove();
    await Promise.all(ended);
    expect(spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout).not.toContain(first.namespace);
  });
});
