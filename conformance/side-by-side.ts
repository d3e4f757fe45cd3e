import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Report } from '../lib/cli/conformance/report.js';
import { PYTHON } from '../testkit/prerequisites.js';
import { ReferenceProcess } from './reference-process.js';

const COMMAND = 'dist/lib/cli/oslo-rpc.js';

interface Peer {
  readonly name: string;
  readonly command: string;
  readonly script: string;
}

const peers: readonly Peer[] = [
  { name: 'python', command: PYTHON, script: 'conformance/reference_server.py' },
  { name: 'node', command: process.execPath, script: 'dist/conformance/conformance/serve.js' },
];

/** The kit's reports on both reference servers. The working directory is the repository's root. */
export function runSideBySide(url: string, topic: string, managementUrl?: string): Promise<Report[]> {
  const more = managementUrl === undefined ? [] : ['--management-url', managementUrl];
  return Promise.all(peers.map((peer) => judge(peer, url, `${topic}-${peer.name}`, more)));
}

async function judge(
  { name, command, script }: Peer,
  url: string,
  topic: string,
  more: readonly string[],
): Promise<Report> {
  const where = ['--url', url, '--topic', topic, '--server', name];
  const server = await ReferenceProcess.start(command, [script, ...where]);
  try {
    return await reportOn([...where, ...more]);
  } finally {
    await server.stop();
  }
}

async function reportOn(where: readonly string[]): Promise<Report> {
  const args = [COMMAND, 'conformance', ...where, '--json'];
  const kit = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const report = await text(kit.stdout);
  if (report === '') throw new Error(`oslo-rpc conformance gave no report on ${where.join(' ')}`);
  return JSON.parse(report) as Report;
}
