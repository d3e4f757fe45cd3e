import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { lastValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { deferred } from '../served-controllers.js';
import { cases, DIFFERENCES, type Difference, observe } from './cases.js';
import { Enhanced, enhancers, trail, Values } from './handlers.js';
import { applicationOf, TCP, transports } from './stage.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
beforeEach(() => {
  trail.length = 0;
});

/** Names of the differences that a test has shown. */
const shown = new Set<Difference>(cases.flatMap(({ difference }) => difference ?? []));

let started = deferred<void>();
let release = deferred<string>();

@Controller()
class Slow {
  @MessagePattern('slow')
  slow(): Promise<string> {
    trail.push('slow');
    started.resolve();
    return release.promise;
  }
}

describe.each(transports)('an application over %s', (name, makePair) => {
  const isTcp = name === TCP;
  /** Returns the answer of the transport, and takes down that it differs. */
  const differs = <T>(difference: Difference, tcp: T, here: T): T => {
    shown.add(difference);
    return isTcp ? tcp : here;
  };

  async function serve() {
    started = deferred();
    release = deferred();
    const pair = await makePair();
    const app = await applicationOf(pair, [Values, Slow]);
    closing.push(() => {
      release.resolve('released');
      return app.close();
    });
    await app.listen();
    const client = pair.makeClient();
    closing.push(() => client.close());
    return { app, client, pair };
  }

  it('keeps the extras of a pattern', async () => {
    const { pair } = await serve();
    const extras = ['one name', 'other name'].map((pattern) => pair.strategy.getHandlers().get(pattern)?.extras);
    expect(extras).toMatchObject([{ owner: 'team' }, { owner: 'team' }]);
  });

  it('runs a hook before all enhancers', async () => {
    const pair = await makePair();
    const app = await applicationOf(pair, [Enhanced]);
    closing.push(() => app.close());
    app.registerPreRequestHook((context, next) => {
      trail.push(`hook for ${context.getHandler().name} of a request by ${context.getType()}`);
      return next();
    });
    await app.listen();
    const client = pair.makeClient();
    closing.push(() => client.close());
    expect(await lastValueFrom(client.send('enhanced', {}))).toBe('done');
    expect(trail.slice(0, 2)).toEqual(['hook for run of a request by rpc', 'guard of the class']);
  });

  it.each([true, false])('has the enhancers of the web application, or not: %s', async (inheritAppConfig) => {
    const pair = await makePair();
    const module = await Test.createTestingModule({ controllers: [Values] }).compile();
    const app = module.createNestApplication({ logger: false });
    closing.push(() => app.close());
    const { guard, interceptor } = enhancers('the web');
    app.useGlobalGuards(guard).useGlobalInterceptors(interceptor);
    app.connectMicroservice({ strategy: pair.strategy }, { inheritAppConfig });
    await app.startAllMicroservices();
    const client = pair.makeClient();
    closing.push(() => client.close());
    await lastValueFrom(client.send('whole', {}));
    expect(trail).toEqual(inheritAppConfig ? ['guard of the web', 'interceptor of the web', 'result for the web'] : []);
  });

  it('sends a message when its observable is subscribed to, and an event at once', async () => {
    const { client } = await serve();
    const message = client.send('slow', {});
    client.emit('slow', {});
    await eventually(() => expect(trail).toEqual(['slow']));
    const answer = lastValueFrom(message);
    await eventually(() => expect(trail).toEqual(['slow', 'slow']));
    release.resolve('released');
    expect(await answer).toBe('released');
  });

  it('ignores the answer to a caller that has unsubscribed', async () => {
    const { client } = await serve();
    const seen: unknown[] = [];
    const see = (value: unknown) => seen.push(value);
    const subscription = client.send('slow', {}).subscribe({ next: see, error: see, complete: () => see('complete') });
    await started.promise;
    subscription.unsubscribe();
    release.resolve('late');
    expect(await lastValueFrom(client.send('whole', {}))).toEqual([{}, 'whole']);
    expect(seen).toEqual([]);
  });

  it('ends a call that nobody answers, or not', async () => {
    const { pair } = await serve();
    const client = pair.makeClient({ rpcResponseTimeout: '100ms' });
    closing.push(() => client.close());
    const outcome = Promise.race([
      observe(client.send('slow', {})).then(({ error }) => String(error).slice(0, 16)),
      new Promise((resolve) => setTimeout(resolve, 500, 'pending')),
    ]);
    expect(await outcome).toBe(differs('time-limit', 'pending', 'MessagingTimeout'));
  });

  it('finishes its handlers before it closes, or not', async () => {
    const { app, client } = await serve();
    const answer = observe(client.send('slow', {}));
    await started.promise;
    const closed = app.close();
    release.resolve('finished');
    await closed;
    const cut = { values: [], error: 'Error: Connection closed' };
    expect(await answer).toEqual(differs<object>('closing-server', cut, { values: ['finished'] }));
  });

  it('has a client that connects again after its close, or not', async () => {
    const { client } = await serve();
    await client.connect();
    await client.close();
    const { values } = await observe(client.send('whole', {}));
    expect(values).toEqual(differs<unknown[]>('closed-client', [[{}, 'whole']], []));
  });

  it('receives the metadata of a packet, or not', async () => {
    const { client } = await serve();
    const packets: unknown[] = [];
    client.setOnDispatchHook((packet) => {
      packets.push(packet.pattern);
      packet.metadata = { trace: 'abc' };
    });
    const answer = await lastValueFrom(client.send('metadata', {}));
    expect(answer).toEqual(differs<unknown>('packet-metadata', { trace: 'abc' }, 'none'));
    expect(packets).toEqual(['metadata']);
  });
});

describe('the documentation', () => {
  it('lists exactly the differences that the tests show', () => {
    const page = readFileSync(new URL('../../../../docs/reference/nest-features.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual([...DIFFERENCES].toSorted());
    expect([...shown].toSorted()).toEqual([...DIFFERENCES].toSorted());
  });
});
