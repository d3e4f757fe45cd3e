import assert from 'node:assert/strict';
import { http } from '../scenario/http.js';
import type { Scenario } from '../scenario/scenario.js';
import { until } from '../scenario/until.js';

/** Starts the programs and runs all steps. Returns commands to go on with. */
export async function run(scenario: Scenario): Promise<string[]> {
  const startService = () => scenario.node('service', 'service.js', /^consuming$/);
  let service = await startService();
  const gateway = await scenario.node('gateway', 'gateway.js', /^listening/, { PORT: process.env.PORT ?? '0' });
  const [, url = ''] = await gateway.prints(/^listening on (\S+)$/);
  const orders = `${url}/orders`;
  const hints = [
    `curl ${orders}/1`,
    `curl -i ${orders}/77`,
    `curl -i ${orders}/1/invoice -H 'X-Request-Timeout: 0.2'`,
    `curl -i ${orders} -H 'content-type: application/json' -d '{"item":"lamp","quantity":0}'`,
  ];
  if (scenario.isServing) return hints;

  await scenario.step('health', async () => {
    // The gateway connects in the background.
    let body: unknown;
    await until('GET /health answers 200', async () => {
      const answer = await http('GET', `${url}/health`);
      body = answer.body;
      return answer.status === 200;
    });
    return `GET /health answered 200, ${(body as { status: string }).status}`;
  });

  await scenario.step('success', async () => {
    const headers = { 'x-request-id': 'req-tour-1' };
    const answer = await http('POST', orders, { headers, body: { item: 'lamp', quantity: 2 } });
    assert.equal(answer.status, 201);
    assert.deepEqual(answer.body, { id: 1, item: 'lamp', quantity: 2 });
    assert.equal(answer.headers.get('x-request-id'), 'req-tour-1');
    await service.prints(/^req-tour-1 placed order 1$/);
    return `POST /orders answered ${answer.status}; the service logged the request id of the HTTP request`;
  });

  await scenario.step('two calls', async () => {
    const { status, body } = await http('GET', `${orders}/1/invoice`);
    assert.equal(status, 200);
    const { text } = body as { text: string };
    assert.equal(text, 'Invoice 1: 2 × lamp');
    return `GET /orders/1/invoice answered ${status}: ${text}`;
  });

  await scenario.step('remote exception', async () => {
    const { status, body } = await http('GET', `${orders}/77`);
    assert.equal(status, 404);
    const { message } = body as { message: string };
    assert.equal(message, 'Order 77 could not be found.');
    return `GET /orders/77 answered ${status}: ${message}`;
  });

  await scenario.step('validation', async () => {
    const { status, body } = await http('POST', orders, { body: { item: 'lamp', quantity: 0 } });
    assert.equal(status, 400);
    return `quantity 0 answered ${status}: ${(body as { message: string[] }).message.join(', ')}`;
  });

  await scenario.step('timeout', async () => {
    const { status } = await http('GET', `${orders}/1/invoice`, { headers: { 'x-request-timeout': '0.2' } });
    assert.equal(status, 504);
    return `an invoice takes 0.5 s; with X-Request-Timeout: 0.2 the gateway answered ${status}`;
  });

  await scenario.step('service gone', async () => {
    await service.stop();
    const { status } = await http('GET', `${orders}/1`);
    assert.equal(status, 503);
    return `GET /orders/1 answered ${status} at once`;
  });

  await scenario.step('service back', async () => {
    service = await startService();
    const { status } = await http('POST', orders, { body: { item: 'chair', quantity: 4 } });
    assert.equal(status, 201);
    return `POST /orders answered ${status}`;
  });

  return hints;
}
