import { afterEach, expect, it, vi } from 'vitest';
import { tableRow } from '../../../lib/cli/conformance/report.js';
import { changeText } from '../../../lib/cli/contract/change-text.js';
import { listingText } from '../../../lib/cli/dead/letter-text.js';
import { textLine } from '../../../lib/cli/serve/request-line.js';
import { textTable } from '../../../lib/cli/terminal/text-table.js';

afterEach(() => vi.unstubAllEnvs());

const RED = '\u001b[31m';
const END = '\u001b[39m';
const rows = [
  ['NAME', 'STATE'],
  ['one', 'FAILED'],
  ['three', ''],
];
const table = () => textTable(rows, (cell) => (cell === 'FAILED' ? 'red' : undefined));
const replayed = {
  ...{ id: 'g', originalQueue: 'q', reason: 'no', kind: 'cast', name: 'm', count: 1, failedAgain: 1, replays: 2 },
  ...{ oldest: null, newest: null, example: { id: 'e' } },
};
const request = { kind: 'call', method: 'm', args: {}, context: {}, duration: 1, waited: 0 } as const;
/** Lines that print a state, of the commands that have one. */
const lines = () => [
  tableRow({ name: 'ping', expects: 'pong', result: 'failed', milliseconds: 1 } as Parameters<typeof tableRow>[0]),
  changeText({ level: 'breaking', kind: 'removed-api', api: 'a', message: 'gone' }),
  textLine({ ...request, error: new Error('no') }),
  listingText({
    queues: [{ queue: 'q.dead', total: 1, read: 1, groups: [replayed] }],
    unread: [],
  } as unknown as Parameters<typeof listingText>[0]),
];

it('states are coloured where a terminal, or FORCE_COLOR, takes colours', () => {
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('FORCE_COLOR', '1');
  expect(table()).toBe(`NAME   STATE\none    ${RED}FAILED${END}\nthree\n`);
  for (const line of lines()) expect(line).toMatch(/\u001b\[3[13]m/);
});

it('nothing is coloured elsewhere', () => {
  vi.stubEnv('FORCE_COLOR', undefined);
  expect(table()).toBe('NAME   STATE\none    FAILED\nthree\n');
  expect(lines().join('')).not.toContain('\u001b');
});
