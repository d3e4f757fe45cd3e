import type { INestMicroservice } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { cases, observe } from './cases.js';
import { controllers, enhancers, PerRequest, trail } from './handlers.js';
import { applicationOf, TCP, transports } from './stage.js';

describe.each(transports)('the features of @nestjs/microservices over %s', (name, makePair) => {
  let app: INestMicroservice;
  let client: ClientProxy;

  beforeAll(async () => {
    // A handler of the cases never ends.
    const pair = await makePair({ drainTimeout: 0 });
    app = await applicationOf(pair, controllers, [PerRequest]);
    const { guard, interceptor, pipe, filter } = enhancers('the application');
    app.useGlobalGuards(guard).useGlobalInterceptors(interceptor).useGlobalPipes(pipe).useGlobalFilters(filter);
    await app.listen();
    client = pair.makeClient();
  });
  afterAll(async () => {
    await client.close();
    await app.close();
  });
  beforeEach(() => {
    trail.length = 0;
  });

  it.each(cases)('$title', async ({ ask, answer, here, trail: expected, title }) => {
    const isEvent = title.startsWith('an event');
    expect(await observe(ask(client))).toEqual(name === TCP ? answer : (here ?? answer));
    // Handlers of one event run at the same time, and it is confirmed before they end.
    const ordered = (list: string[]) => (isEvent ? list.toSorted() : list);
    if (expected) await eventually(() => expect(ordered(trail)).toEqual(ordered(expected)), { within: 2000 });
  });
});
