import { describe, expect, it } from 'vitest';
import { ConnectFailure } from '../../../../../lib/drivers/rabbit/connection/connect-failure.js';

const ATTEMPT = { address: 'mq1:5671', tls: true, virtualHost: '/' };
const failure = (message: string) => ConnectFailure.of(ATTEMPT, new Error(message), false);

// Texts of OpenSSL 3, as Node.js gives them.
const alert = (name: string, number: number) =>
  `40A7:error:0A000418:SSL routines:ssl3_read_bytes:${name}:../deps/openssl/ssl/record/rec_layer_s3.c:1605:SSL alert number ${number}`;

describe('a TLS alert of the broker', () => {
  it.each([
    ['sslv3 alert bad certificate', 42],
    ['sslv3 alert certificate expired', 45],
    ['tlsv1 alert unknown ca', 48],
    ['tlsv13 alert certificate required', 116],
  ])('about the certificate ends the attempts: %s', (name, number) => {
    const { hopeless, message } = failure(alert(name, number));
    expect(hopeless).toBe(true);
    expect(message).toMatch(/^mq1:5671: .*rabbit\.sslCertFile\)$/);
  });

  it.each([
    ['sslv3 alert handshake failure', 40],
    ['tlsv1 alert protocol version', 70],
    ['tlsv1 alert insufficient security', 71],
  ])('about the offer of the client ends the attempts: %s', (name, number) => {
    const { hopeless, message } = failure(alert(name, number));
    expect(hopeless).toBe(true);
    expect(message).toMatch(/rabbit\.sslVersion\)$/);
  });

  it.each([
    ['tlsv1 alert internal error', 80],
    ['tlsv1 alert user cancelled', 90],
  ])('that may pass does not: %s', (name, number) => {
    const { hopeless, message } = failure(alert(name, number));
    expect(hopeless).toBe(false);
    expect(message).toMatch(new RegExp(`SSL alert number ${number}$`));
  });
});

describe('a port of another protocol', () => {
  const question = 'is it the AMQP port, and plain or TLS as the URL says?';

  it.each([
    [
      'Socket closed abruptly during opening handshake',
      `mq1:5671: the other end closed the connection instead of an AMQP handshake: ${question}`,
    ],
    ['read ECONNRESET', `mq1:5671: read ECONNRESET (${question})`],
  ])('is asked for: %s', (message, asked) => {
    for (const tls of [true, false]) {
      const { hopeless, message: text } = ConnectFailure.of({ ...ATTEMPT, tls }, new Error(message), false);
      expect({ hopeless, text }).toEqual({ hopeless: false, text: asked });
    }
  });
});

describe('the failure of several hosts', () => {
  const refused = failure('ACCESS_REFUSED - Login was refused');
  const down = ConnectFailure.of({ ...ATTEMPT, address: 'mq2:5671' }, new Error('connect ECONNREFUSED'), false);

  it('ends the attempts only if each of them does', () => {
    expect(ConnectFailure.all([refused, refused]).hopeless).toBe(true);
    expect(ConnectFailure.all([down, refused])).toMatchObject({
      hopeless: false,
      message: 'mq1:5671: ACCESS_REFUSED - Login was refused; mq2:5671: connect ECONNREFUSED',
    });
    expect(ConnectFailure.all([]).hopeless).toBe(false);
  });
});
