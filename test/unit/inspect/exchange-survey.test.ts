import { expect, it } from 'vitest';
import { byExchange, type SurveyedServer } from '../../../lib/inspect/topic-survey.js';

const server = (name: string, exchange: string) =>
  ({ server: name, state: 'answered', info: { exchange } }) as unknown as SurveyedServer;

it.each<[string, SurveyedServer[], string[][]]>([
  ['asked, where none reports another', [], [['tacker', '', '2']]],
  ['reported, with those that do not say theirs', [server('a', 'openstack')], [['openstack', 'a', '2']]],
  [
    'of each, where servers report several',
    [server('a', 'openstack'), server('b', 'tacker')],
    [
      ['tacker', 'b', '2'],
      ['openstack', 'a', '0'],
    ],
  ],
])('the exchange of servers is that %s', (_, servers, expected) => {
  const grouped = byExchange({ topic: 't', exchange: 'tacker', servers, unnamed: 2 });
  expect(grouped.map((one) => [one.exchange, one.servers.map((of) => of.server).join(), String(one.unnamed)])).toEqual(
    expected,
  );
});
