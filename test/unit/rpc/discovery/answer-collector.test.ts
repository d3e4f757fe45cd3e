import { expect, it } from 'vitest';
import { AnswerCollector } from '../../../../lib/rpc/discovery/answer-collector.js';
import { LogRecorder } from '../../../support/log-recorder.js';

interface Answer {
  readonly server: string;
  readonly host: string;
  readonly text?: string;
}

const read = (answer: unknown) => answer as Answer | undefined;

it('keeps answers until there are as many as expected, errors included', () => {
  const heard: (Answer | undefined)[] = [];
  const collector = new AnswerCollector<Answer>(3, read, (answer) => heard.push(answer));
  const one = { server: 'a', host: 'h' };
  expect(collector.add({ result: one })).toBe(false);
  expect(collector.add({ error: new Error() })).toBe(false);
  expect(collector.add({ result: undefined })).toBe(true);
  expect([collector.kept, collector.others, heard]).toEqual([[one], 2, [one, undefined, undefined]]);
});

it('gives one name 16 places, and logs the number of dropped answers', () => {
  const log = new LogRecorder();
  const collector = new AnswerCollector<Answer>(undefined, read, undefined);
  for (let index = 0; index < 2000; index++) collector.add({ result: { server: 'a', host: 'h' } });
  collector.add({ result: { server: 'b', host: 'h' } });
  expect([collector.kept.length, collector.others]).toEqual([17, 1984]);
  collector.warn(log, 'topic');
  expect(log.messages(/dropped 1984 answers/, 'warn')).toHaveLength(1);
});

it('keeps 1000 servers, and 16 MiB', () => {
  const servers = new AnswerCollector<Answer>(undefined, read, undefined);
  for (let index = 0; index < 1500; index++) servers.add({ result: { server: `s${index}`, host: 'h' } });
  expect([servers.kept.length, servers.others]).toEqual([1000, 500]);
  const large = new AnswerCollector<Answer>(undefined, read, undefined);
  const text = 'x'.repeat(6_000_000);
  for (const server of ['a', 'b', 'c']) large.add({ result: { server, host: 'h', text } });
  expect([large.kept.length, large.others]).toEqual([2, 1]);
});

it('counts an answer that cannot be read', () => {
  const fail = () => {
    throw new Error('unreadable');
  };
  const collector = new AnswerCollector<Answer>(1, fail, undefined);
  expect(collector.add({ result: {} })).toBe(true);
  expect(collector.others).toBe(1);
});
