import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { generatedPart } from '../../../conformance/generated-part.js';
import { optionSets } from '../../peers/option-sets.js';
import { COMMAND, DOCUMENT, linesOf, readResults } from '../../peers/results.js';

describe('the table of options and brokers', () => {
  it('has an outcome of every set on every broker', async () => {
    const all = await readResults();
    expect(Object.keys(all).length).toBeGreaterThan(1);
    for (const results of Object.values(all))
      expect(Object.keys(results)).toEqual(optionSets.map(({ query }) => query));
  });

  it('is the one that the last run has found', async () => {
    expect(generatedPart(await readFile(DOCUMENT, 'utf8'), COMMAND)).toEqual(linesOf(await readResults(), optionSets));
  });
});

describe('lines of results', () => {
  it('list each error once, below the table', () => {
    const lines = linesOf(
      {
        one: { '': { ours: null, python: 'refused' }, 'a=1&b=1': { ours: null } },
        two: { '': { ours: 'denied', python: 'refused' } },
      },
      [{ query: '' }, { query: 'a=1&b=1' }],
    );
    expect(lines).toEqual([
      '| options     | one             | two               |',
      '| ----------- | --------------- | ----------------- |',
      '| none        | works / error 1 | error 2 / error 1 |',
      '| `a=1` `b=1` | works / –       | not run           |',
      '',
      '1. `refused`',
      '2. `denied`',
    ]);
  });

  it('have one column for a cluster that is like one node', () => {
    const works = { '': { ours: null } };
    const lines = linesOf(
      { 'RabbitMQ 4, 3 nodes, Python': works, 'RabbitMQ 4, Python': works, 'RabbitMQ 5, 3 nodes, Python': works },
      [{ query: '' }],
    );
    expect(lines[0]).toBe('| options | RabbitMQ 4 (one node, and 3), Python | RabbitMQ 5, 3 nodes, Python |');
  });
});
