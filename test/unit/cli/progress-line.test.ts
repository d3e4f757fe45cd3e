import { expect, it } from 'vitest';
import { asking, whileShowing } from '../../../lib/cli/terminal/progress-line.js';

function streamOf(isTTY: boolean) {
  const written: string[] = [];
  const write = (text: unknown) => written.push(String(text)) > 0;
  return { written, stream: { isTTY, columns: 20, write } };
}

it('a line of progress fits the terminal, and is removed after an error, too', async () => {
  const { written, stream } = streamOf(true);
  const work = () => Promise.reject(new Error('unreachable'));
  await expect(whileShowing(stream, asking('the servers of topic x', 2), work)).rejects.toThrow('unreachable');
  expect(written).toEqual(['Asking the servers ', '\r\u001b[K']);
});

it('nothing is shown where there is no terminal', async () => {
  const { written, stream } = streamOf(false);
  expect(await whileShowing(stream, 'Asking', () => Promise.resolve(1))).toBe(1);
  expect(written).toEqual([]);
});
