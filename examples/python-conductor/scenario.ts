import assert from 'node:assert/strict';
import { http } from '../scenario/http.js';
import type { Scenario } from '../scenario/scenario.js';
import { until } from '../scenario/until.js';
import type { Vnf } from './vnf.controller.js';
import type { VnfEvent } from './vnf-events.js';

/** Starts the programs and runs all steps. Returns commands to go on with. */
export async function run(scenario: Scenario): Promise<string[]> {
  const api = await scenario.node('api', 'api.js', /^listening/, { PORT: process.env.PORT ?? '0' });
  const [, url = ''] = await api.prints(/^listening on (\S+)$/);
  const conductor = await scenario.python('conductor', 'conductor.py', /^consuming$/);
  const hints = [
    `curl ${url}/vnfs -d name=dns -H 'X-User-Id: bob' -H 'X-Project-Id: shop'`,
    `curl -i ${url}/vnfs/none`,
    `curl ${url}/events`,
  ];
  if (scenario.isServing) return hints;
  const create = (name: string) => {
    const headers = { 'x-user-id': 'alice', 'x-project-id': 'nfv', 'x-request-id': `req-${name}` };
    return http('POST', `${url}/vnfs`, { headers, body: { name } });
  };
  let vnf: Vnf | undefined;

  await scenario.step('Python answers', async () => {
    const { status, body } = await create('firewall');
    assert.equal(status, 201);
    vnf = body as Vnf;
    assert.deepEqual({ name: vnf.name, state: vnf.state }, { name: 'firewall', state: 'ACTIVE' });
    return `POST /vnfs answered ${status}: ${vnf.name}, ${vnf.state}`;
  });

  await scenario.step('the context arrives in Python', async () => {
    await conductor.prints(/^req-firewall instantiates firewall for user alice of project nfv$/);
    return 'user, project and request id of the HTTP request, as oslo.context has them';
  });

  await scenario.step('Python notifies', async () => {
    let events: VnfEvent[] = [];
    await until('an event', async () => {
      events = (await http('GET', `${url}/events`)).body as VnfEvent[];
      return events.length > 0;
    });
    const [event] = events;
    assert.deepEqual(
      { ...event, request: undefined },
      {
        type: 'vnf.active',
        publisher: 'conductor.host1',
        vnf: 'firewall',
        request: undefined,
      },
    );
    return `GET /events has ${event?.type} of ${event?.vnf}`;
  });

  await scenario.step('a Python exception becomes a class', async () => {
    assert.equal((await http('GET', `${url}/vnfs/${vnf?.id}`)).status, 200);
    const { status, body } = await http('GET', `${url}/vnfs/none`);
    assert.equal(status, 404);
    const { message } = body as { message: string };
    assert.equal(message, 'VNF none could not be found.');
    return `VnfNotFound: GET /vnfs/none answered ${status}: ${message}`;
  });

  await scenario.step('an exception of the API passes through Python', async () => {
    assert.equal((await create('router')).status, 201);
    const { status, body } = await create('proxy');
    assert.equal(status, 403);
    const { message } = body as { message: string };
    assert.equal(message, 'Project nfv has 2 of 2: vnf.');
    return `QuotaExceeded: the third POST /vnfs answered ${status}: ${message}`;
  });

  return hints;
}
