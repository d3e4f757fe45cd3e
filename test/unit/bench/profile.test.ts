import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { blockFromText, blockToText } from '../../../bench/charts/block-text.js';
import { flameGraphs } from '../../../bench/charts/flame-graphs.js';
import { startProfiler } from '../../../lib/cli/profile/cpu-profiler.js';
import { framesOf, pathOf, placeOf } from '../../../lib/cli/profile/frames.js';
import { groupOf } from '../../../lib/cli/profile/groups.js';
import { type Block, blocksOf, summarize } from '../../../lib/cli/profile/summary.js';
import { allResults } from './figures.js';

const OURS = 'file:///home/someone/clone/dist/lib/';

type Stack = { name: string; url?: string; millis?: number; calls?: Stack[] };

/** Profile with one sample per millisecond, in V8's format. */
function profileOf(stacks: Stack[], activeMillis: number) {
  const nodes: Profiler.ProfileNode[] = [];
  const samples: number[] = [];
  const add = ({ name, url = '', millis = 0, calls = [] }: Stack): number => {
    const id = nodes.length + 1;
    const callFrame = { functionName: name, scriptId: '1', url, lineNumber: 6, columnNumber: 0 };
    const node: Profiler.ProfileNode = { id, callFrame };
    nodes.push(node);
    samples.push(...Array.from({ length: millis }, () => id));
    node.children = calls.map(add);
    return id;
  };
  add({ name: '(root)', calls: stacks });
  const timeDeltas = [0, ...samples.map(() => 1000)];
  return { profile: { nodes, samples, timeDeltas, startTime: 0, endTime: 0 }, activeMicros: activeMillis * 1000 };
}

/** 80 ms seen at work and 100 in which the event loop did not wait: 20 of reads. */
const frames = framesOf(
  profileOf(
    [
      { name: '(idle)', millis: 70 },
      { name: '(garbage collector)', millis: 10 },
      {
        name: 'processTicksAndRejections',
        url: 'node:internal/process/task_queues',
        millis: 5,
        calls: [
          {
            name: 'call',
            url: `${OURS}rpc/call-context.js`,
            millis: 15,
            calls: [
              { name: 'parseJson', url: `${OURS}core/json.js`, millis: 9 },
              { name: 'tiny', millis: 1 },
            ],
          },
          {
            name: 'runNextTicks',
            url: 'node:internal/process/task_queues',
            millis: 10,
            calls: [{ name: 'call', url: `${OURS}rpc/call-context.js`, millis: 10 }],
          },
        ],
      },
      { name: 'onStreamRead', url: 'node:internal/stream_base_commons', calls: [{ name: 'writeBuffer', millis: 20 }] },
    ],
    100,
  ),
  200,
);

describe("the benchmark's profile", () => {
  it('divides the CPU time of a call among its groups, without idle time', () => {
    const { groups, heaviest } = summarize(frames);
    expect(groups).toMatchObject({ gc: 20, async: 30, rpc: 50, json: 18, sockets: 40, loop: 40, other: 2 });
    expect(Object.values(groups).reduce((sum, micros) => sum + micros, 0)).toBeCloseTo(200);
    expect(heaviest.map(({ name, at, micros }) => [name, at, micros]).slice(0, 3)).toEqual([
      ['call', 'lib/rpc/call-context.js:7', 50],
      ['writeBuffer', '', 40],
      ['runNextTicks', 'node:internal/process/task_queues:7', 20],
    ]);
  });

  it('lists the heaviest frames first, Node.js as one frame, and no tiny frame', () => {
    const drawn = blocksOf(frames).map(({ depth, name, micros }) => [depth, name, micros]);
    expect(drawn).toEqual([
      [0, 'processTicksAndRejections', 100],
      [1, 'call-context: call', 70],
      [2, 'json: parseJson', 18],
      [2, 'tiny', 2],
      [0, 'onStreamRead', 40],
      [1, 'writeBuffer', 40],
      [0, 'event loop and reads', 40],
      [0, '(garbage collector)', 20],
    ]);
    const smaller = framesOf(
      profileOf([{ name: 'large', millis: 995, calls: [{ name: 'small', millis: 5 }] }], 1000),
      1,
    );
    expect(blocksOf(smaller).map(({ name }) => name)).toEqual(['large']);
    const nameless = framesOf(profileOf([{ name: '', url: `${OURS}rpc/server.js`, millis: 1 }], 1), 1);
    expect(blocksOf(nameless).map(({ name }) => name)).toEqual(['server']);
  });

  it('groups functions by their file', () => {
    expect(groupOf('send', 'lib/drivers/rabbit/wire/wire.js')).toBe('rabbit');
    expect(groupOf('send', 'lib/drivers/inbox/concurrency-limit.js')).toBe('drivers');
    expect(groupOf('send', 'lib/core/envelope.js')).toBe('json');
    expect(groupOf('send', 'lib/core/deadline.js')).toBe('core');
    expect(groupOf('next', '@nestjs/core/router.js')).toBe('nestjs');
    expect(groupOf('promiseInitHook', 'node:internal/async_hooks')).toBe('async');
    expect(groupOf('utf8Slice', '')).toBe('json');
    expect(groupOf('echo', 'lib/cli/serve/demonstration-methods.js')).toBe('handlers');
    expect(groupOf('send', 'lib/cli/bench/load.js')).toBe('bench');
    expect(groupOf('send', pathOf('file:///srv/node_modules/nestjs-oslo-messaging/dist/lib/chunks/drivers.js'))).toBe(
      'library',
    );
    expect(groupOf('get', 'lru-cache/index.js')).toBe('other');
  });

  it('names files without machine paths', () => {
    expect(pathOf(`${OURS}core/json.js`)).toBe('lib/core/json.js');
    expect(pathOf('file:///home/someone/clone/bench/dist/bench/load.js')).toBe('bench/load.js');
    expect(pathOf('file:///home/someone/clone/node_modules/amqplib/lib/mux.js')).toBe('amqplib/lib/mux.js');
    expect(pathOf('file:///srv/node_modules/nestjs-oslo-messaging/dist/lib/core/json.js')).toBe('lib/core/json.js');
    expect(pathOf('file:///home/someone/other.js')).toBe('other.js');
    expect(placeOf('node:buffer', 6, 0)).toEqual({ path: 'node:buffer', at: 'node:buffer:7' });
    expect(placeOf('', -1, -1)).toEqual({ path: '', at: '' });
  });

  it.each(['clone', 'bench'])('finds the TypeScript of a function in the built library, in a folder %s', (name) => {
    const parent = mkdtempSync(join(tmpdir(), 'profile-'));
    const repository = join(parent, name);
    symlinkSync(fileURLToPath(new URL('../../../', import.meta.url)), repository);
    // Many modules are in a file.
    const folder = join(repository, 'dist/lib/chunks');
    const places = readdirSync(folder)
      .filter((file) => file.endsWith('.js'))
      .flatMap((file) => {
        const path = join(folder, file);
        const lines = readFileSync(path, 'utf8').split('\n');
        const line = lines.findIndex((it) => /^(async )?function decodeEnvelope\(/.test(it));
        return line < 0 ? [] : [placeOf(pathToFileURL(path).href, line, 0)];
      });
    rmSync(parent, { recursive: true });
    const at = expect.stringMatching(/^lib\/core\/envelope\.ts:\d+$/);
    expect(places).toEqual([{ path: 'lib/core/envelope.ts', at }]);
  });

  it('keeps a block as a line of text', () => {
    const block: Block = { depth: 12, micros: 3.25, group: 'rpc', name: 'call-context: runs apart' };
    expect(blockFromText(blockToText(block))).toEqual(block);
  });

  it('is drawn with each block under its caller, in one row for each level', () => {
    const graphs = flameGraphs(allResults().profile);
    expect(graphs.map(({ name }) => name)).toEqual(['profile-client', 'profile-server', 'profile-memory']);
    const drawn = [...(graphs[0]?.svg ?? '').matchAll(/<rect x="([\d.]+)" y="(\d+)" width="([\d.]+)"/g)];
    const blocks = drawn.map(([, ...numbers]) => numbers.map(Number)).slice(0, 3);
    // 980 pixels for 30 µs: a caller of 20 µs, 15 of them in the function below it, and 10 µs beside it.
    expect(blocks).toEqual([
      [10, 44, 652.3],
      [10, 63, 489],
      [663.3, 44, 325.7],
    ]);
  });

  it('finds the functions that kept the process busy', async () => {
    const stop = await startProfiler();
    keepBusy();
    const [busiest] = summarize(framesOf(await stop(), 1)).heaviest;
    expect(busiest).toMatchObject({ name: 'keepBusy' });
    expect(busiest?.micros).toBeGreaterThan(0.5);
  });
});

/** Does a fixed amount of work, in pure computation: a clock in the loop would appear in the profile of a busy machine. */
function keepBusy(): number {
  let sum = 0;
  for (let n = 0; n < 2e8; n++) sum += Math.sqrt(n);
  return sum;
}
