import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inRounds } from '../rounds.js';
import type { Session } from '../running/session.js';
import { mapValues, median, medians } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';
import type { Goals } from './goal.js';

const execute = promisify(execFile);

const PROGRAM = fileURLToPath(new URL('../start/program.js', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../../../dist/lib/cli/oslo-rpc.js', import.meta.url));
const ON_EXIT = `data:text/javascript,process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  process.stderr.write(JSON.stringify({ wallMs: performance.now(), cpuMs: (user + system) / 1000 }));
});`.replaceAll('\n', '');

/** Milliseconds. */
interface Cost {
  wallMs: number;
  cpuMs: number;
}

/** With the CPU of Node.js and Nest until then. */
interface LoadCost extends Cost {
  beforeMs: number;
}

interface Listening {
  /** From the start of the process, without that of Node.js. */
  startMs: number;
  rssBytes: number;
  heapBytes: number;
}

export interface StartResult {
  /** Beyond Nest, rxjs and reflect-metadata. */
  imported: LoadCost;
  required: LoadCost;
  files: { library: number; all: number };
  empty: Listening;
  memory: Listening;
  rabbit: Listening;
  /** Medians of what an idle service has beyond the empty application of its round. */
  beyondEmpty: Record<'memory' | 'rabbit', Pick<Listening, 'rssBytes' | 'heapBytes'>>;
  /** Beyond Node.js itself. */
  help: Cost;
  version: Cost;
  packed: { bytes: number; unpackedBytes: number; files: number };
}

/** Measures what the package costs before it works: its size, its import, an idle service, and the command. */
export async function run(session: Session): Promise<StartResult> {
  const { rounds } = session.plan.start;
  const url = session.broker.url;
  const loads = await inRounds(session, {
    title: 'load',
    rounds,
    subjects: { imported: () => program<LoadCost>('import'), required: () => program<LoadCost>('require') },
    steps: [(measure: () => Promise<LoadCost>) => measure()],
  });
  const commands = await inRounds(session, {
    title: 'command',
    rounds,
    subjects: {
      node: () => command(['--eval', '0']),
      help: () => command([COMMAND, '--help']),
      version: () => command([COMMAND, '--version']),
    },
    steps: [(measure: () => Promise<Cost>) => measure()],
  });
  const services = await inRounds(session, {
    title: 'idle',
    rounds,
    subjects: {
      empty: () => program<Listening>('empty'),
      memory: () => program<Listening>('serve', 'memory://start'),
      rabbit: () => program<Listening>('serve', url),
    },
    steps: [(measure: () => Promise<Listening>) => measure()],
  });
  const node = medians(commands.node);
  const beyondNode = (rounds: readonly Cost[]) => mapValues(medians(rounds), (value, name) => value - node[name]);
  const beyondEmpty = (found: readonly Listening[], name: 'rssBytes' | 'heapBytes') =>
    median(found.map((it, index) => it[name] - (services.empty[index]?.[name] ?? Number.NaN)));
  const beyond = (found: readonly Listening[]) => ({
    rssBytes: beyondEmpty(found, 'rssBytes'),
    heapBytes: beyondEmpty(found, 'heapBytes'),
  });
  return {
    imported: medians(loads.imported),
    required: medians(loads.required),
    files: await program('files'),
    ...mapValues(services, (found) => medians(found)),
    beyondEmpty: { memory: beyond(services.memory), rabbit: beyond(services.rabbit) },
    help: beyondNode(commands.help),
    version: beyondNode(commands.version),
    packed: await packed(),
  };
}

async function program<Measured>(mode: string, ...args: string[]): Promise<Measured> {
  const { stdout } = await execute(process.execPath, ['--expose-gc', PROGRAM, mode, ...args]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measured;
}

async function command(args: readonly string[]): Promise<Cost> {
  const { stderr } = await execute(process.execPath, ['--import', ON_EXIT, ...args]);
  return JSON.parse(stderr) as Cost;
}

async function packed(): Promise<StartResult['packed']> {
  const { stdout } = await execute('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { maxBuffer: 1e8 });
  const [{ size, unpackedSize, entryCount }] = JSON.parse(stdout) as [Record<string, number>];
  return { bytes: size ?? 0, unpackedBytes: unpackedSize ?? 0, files: entryCount ?? 0 };
}

export function goals({ imported, beyondEmpty: { memory, rabbit }, packed }: StartResult): Goals {
  const idleMegabytes = Math.max(memory.rssBytes, rabbit.rssBytes) / 1e6;
  return {
    start: [
      ['import beyond Nest, ms of CPU', 'at most', 60, imported.cpuMs],
      ['memory of an idle service of 20 topics beyond an empty one, MB', 'at most', 15, idleMegabytes],
      ['the package, packed, MB', 'at most', 1, packed.bytes / 1e6],
    ],
  };
}

const megabytes = (bytes: number) => `${text(bytes / 1e6, 1)} MB`;
const milliseconds = ({ wallMs, cpuMs }: Cost) => `${text(wallMs, 0)} ms, ${text(cpuMs, 0)} ms of CPU`;

export function documents(result: StartResult): Record<string, Block[]> {
  const { imported, required, files, empty, memory, rabbit, beyondEmpty, help, version, packed } = result;
  const rows: [string, string][] = [
    ['`import` of the package, beyond Nest and rxjs', milliseconds(imported)],
    ['… files loaded: of the package, in all', `${files.library}, ${files.all}`],
    ['`require` of its CommonJS form, beyond Nest and rxjs', milliseconds(required)],
    ['`oslo-rpc --help`, beyond Node.js', milliseconds(help)],
    ['`oslo-rpc --version`, beyond Node.js', milliseconds(version)],
    ['start of an empty Nest microservice', `${text(empty.startMs, 0)} ms`],
    ['start of 20 topics of 5 methods on `memory://`', `${text(memory.startMs, 0)} ms`],
    ['start of 20 topics of 5 methods on RabbitMQ', `${text(rabbit.startMs, 0)} ms`],
    ['memory of the idle service on `memory://`, beyond the empty one', memoryOf(beyondEmpty.memory)],
    ['memory of the idle service on RabbitMQ, beyond the empty one', memoryOf(beyondEmpty.rabbit)],
    ['the package, packed', `${megabytes(packed.bytes)} in ${packed.files} files`],
    ['the package, unpacked', megabytes(packed.unpackedBytes)],
  ];
  const table = tableOf(rows, { '': ([title]) => title, measured: ([, figure]) => figure });
  return { start: [table] };
}

function memoryOf({ rssBytes, heapBytes }: Pick<Listening, 'rssBytes' | 'heapBytes'>): string {
  return `${megabytes(rssBytes)}, ${megabytes(heapBytes)} of them heap`;
}
