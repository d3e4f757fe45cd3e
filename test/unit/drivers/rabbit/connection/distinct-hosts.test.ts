import { getRpcTransport } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { parseTransportUrl } from '../../../../../lib/core/transport-url.js';
import { withDistinctHosts } from '../../../../../lib/drivers/rabbit/connection/distinct-hosts.js';
import { LogRecorder } from '../../../../support/log-recorder.js';

const distinct = (url: string) =>
  withDistinctHosts(parseTransportUrl(url)).hosts.map(({ hostname, port }) => `${hostname}:${port}`);

describe('a host that a URL names twice', () => {
  it.each([
    ['rabbit://a:1,b:1,a:1/', ['a:1', 'b:1']],
    ['rabbit://a,A:5672/', ['a:undefined']],
    ['rabbits://a,a:5671,a:5672/', ['a:undefined', 'a:5672']],
    ['rabbit://u:1@a,v:2@a/', ['a:undefined']],
  ])('is one host: %s', (url, hosts) => {
    expect(distinct(url)).toEqual(hosts);
  });

  it('is named by one warning', async () => {
    const logger = new LogRecorder();
    const transport = getRpcTransport({ transportUrl: 'rabbit://u:pa55@mq1,u:pa55@mq1,mq1:5672,mq2/', logger });
    await transport.cleanup();
    expect(logger.lines).toEqual([
      { level: 'warn', message: 'The transport URL names mq1:5672 more than once: it counts as one host' },
    ]);
  });
});
