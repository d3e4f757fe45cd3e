import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Report } from '../lib/cli/conformance/report.js';
import type { Program } from '../testkit/release.js';
import { pythonReference, ReferenceProcess } from './reference-process.js';

const COMMAND = 'dist/lib/cli/oslo-rpc.js';

interface Peer {
  readonly name: string;
  /** @param where topic and server, as arguments */
  readonly program: (url: string, where: readonly string[]) => Program;
}

const peers: readonly Peer[] = [
  { name: 'python', program: (url, where) => pythonReference('conformance', url, where) },
  {
    name: 'node',
    program: (url, where) => {
      const args = ['dist/conformance/conformance/serve.js', '--url', url, ...where];
      return { file: process.execPath, args, env: process.env };
    },
  },
];

/** The kit's reports on both reference servers. The working directory is the repository's root. */
export function runSideBySide(url: string, topic: string, managementUrl?: string): Promise<Report[]> {
  const more = managementUrl === undefined ? [] : ['--management-url', managementUrl];
  return Promise.all(peers.map((peer) => judge(peer, url, `${topic}-${peer.name}`, more)));
}

async function judge({ name, program }: Peer, url: string, topic: string, more: readonly string[]): Promise<Report> {
  const where = ['--topic', topic, '--server', name];
  const server = await ReferenceProcess.start(program(url, where));
  try {
    return await reportOn(['--url', url, ...where, ...more]);
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
