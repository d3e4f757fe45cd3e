import { expect, it } from 'vitest';
import { connectAdvice, unreachableFindings } from '../../../lib/inspect/diagnosis/connect-advice.js';
import { findingText } from '../../../lib/inspect/diagnosis/finding.js';
import { MessageDeliveryFailure, parseTransportUrl } from '../../../lib/internal.js';

it.each([
  ['getaddrinfo ENOTFOUND mq.invalid', /no address/, /DNS/],
  ['getaddrinfo EAI_AGAIN mq', /no address/, /DNS/],
  ['connect ECONNREFUSED 10.0.0.1:5672', /Nothing listens/, /Start the broker/],
  ['connect EHOSTUNREACH 10.0.0.1:5672', /No packet/, /firewall/],
  ['certificate has expired', /TLS ends/, /Renew/],
  ["Hostname/IP does not match certificate's altnames", /another host name/, /sslVerifyHostname/],
  ['self-signed certificate in certificate chain', /not trusted/, /sslCaFile/],
  ['unable to verify the first certificate', /not trusted/, /sslCaFile/],
  ['ssl3_get_record:wrong version number', /does not speak it/, /5671/],
  ['read ECONNRESET (is it the AMQP port …)', /another protocol/, /rabbits:/],
  ['the other end closed the connection instead of an AMQP handshake', /another protocol/, /rabbits:/],
  ['Handshake terminated by server: 403 (ACCESS_REFUSED)', /refuses the login/, /authenticate_user/],
  ['NOT_ALLOWED - access to vhost limit (3) is reached', /no more connections/, /limit/],
  ['NOT_ALLOWED - vhost nowhere not found', /virtual host does not exist/, /add_vhost/],
  ['it confirms nothing: the cluster may have lost its majority', /majority/, /cluster_status/],
  ['the broker did not finish the handshake within 5000 ms', /nobody answers/, /check_running/],
])('%s has a harm and a cure', (reason, why, cure) => {
  const advice = connectAdvice(reason);
  expect(advice.why).toMatch(why);
  expect(advice.cure).toMatch(cure);
});

it('each host of a URL has the reason of its own', () => {
  const url = parseTransportUrl('rabbit://me:s3cret@mq1:5672,me:s3cret@mq2:5672/');
  const error = new MessageDeliveryFailure(
    'Could not reach the broker: mq1:5672: connect ECONNREFUSED 10.0.0.1:5672; mq2:5672: getaddrinfo ENOTFOUND mq2',
  );
  expect(unreachableFindings(url, error)).toMatchObject([
    { kind: 'host', name: 'mq1:5672', state: 'unreachable', text: 'connect ECONNREFUSED 10.0.0.1:5672' },
    { kind: 'host', name: 'mq2:5672', state: 'unreachable', text: 'getaddrinfo ENOTFOUND mq2' },
  ]);
});

it('a host without words of its own has those of the failure', () => {
  const [finding] = unreachableFindings(
    parseTransportUrl('rabbit://mq1/'),
    new MessageDeliveryFailure('Could not reach the broker in time'),
  );
  expect(finding).toMatchObject({ text: 'Could not reach the broker in time', why: expect.any(String) });
});

it('a text that ends with a quotation gets no second full stop', () => {
  const finding = { kind: 'host', name: 'mq1', state: 'unreachable', text: 'see the "logfile".', why: 'Harm' } as const;
  expect(findingText(finding)).toBe('see the "logfile". Harm');
  expect(findingText({ ...finding, text: 'see the broker logfile."' })).toBe('see the broker logfile." Harm');
});
