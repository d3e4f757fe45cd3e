import 'reflect-metadata';
import { OsloRecord, OsloRpcContext, RequestContext } from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { closeAll, failure, filter, Main, Plain, start } from './served-controllers.js';

afterEach(closeAll);

describe('Nest on memory://', () => {
  it('calls decorated methods, with the whole arguments or one of them', async () => {
    const { call } = await start();
    expect(await call('add', { a: 2, b: 3 })).toBe(5);
    expect(await call({ method: 'add', version: '1.1' }, { a: 2, b: 3 })).toBe(5);
    expect(await call({ method: 'add', server: 'host1' }, { a: 1, b: 1 })).toBe(2);
    const record = new OsloRecord({ name: 'Nest' }, { context: RequestContext.fromDict({ user_id: 'u1' }) });
    expect(await call('greet', record)).toBe('Nest by u1');
  });

  it('calls no undecorated method', async () => {
    const { call } = await start();
    for (const method of ['undecorated', 'sayHello', 'constructor', 'toString', 'recorded', '{"method":"add"}']) {
      expect(await failure(call({ method }))).toMatchObject({ excType: 'NoSuchMethod' });
    }
    expect(await failure(call({ method: 'add', version: '1.3' }))).toMatchObject({ excType: 'UnsupportedVersion' });
    expect(await failure(call({ method: 'byClass' }))).toMatchObject({ excType: 'NoSuchMethod' });
  });

  it('calls the processing hooks of an application', async () => {
    const { server, call } = await start();
    const seen: string[] = [];
    server.setOnProcessingStartHook(async (transport, context, done) => {
      seen.push(`start ${String(transport)} ${(context as OsloRpcContext).getMethod()}`);
      await done();
      seen.push('done');
    });
    server.setOnProcessingEndHook((_transport, context) => {
      seen.push(`end ${(context as OsloRpcContext).getMethod()}`);
    });
    expect(await call('add', { a: 2, b: 3 })).toBe(5);
    expect(seen).toEqual(['start Symbol(OSLO_MESSAGING) add', 'done', 'end add']);
    expect(await failure(call('guarded'))).toBeDefined();
    expect(seen.slice(3)).toEqual(['start Symbol(OSLO_MESSAGING) guarded', 'done', 'end guarded']);
  });

  it('asks a guard, which sees the request context', async () => {
    const { call } = await start();
    const as = (context: Record<string, unknown>) => new OsloRecord({}, { context: RequestContext.fromDict(context) });
    expect(await call('guarded', as({ is_admin: true }))).toBe('admin');
    const refused = await failure(call('guarded', as({ is_admin: false })));
    expect(refused.value).toContain('Forbidden resource');
    const thrown = await failure(call('guarded', as({ user_id: 'nobody' })));
    expect(thrown).toMatchObject({ excType: 'Forbidden', value: 'not for nobody' });
  });

  it('validates and transforms a DTO', async () => {
    const { call } = await start();
    expect(await call('create', { name: 'x', part: { size: 1 } })).toEqual({ transformed: true, name: 'x' });
    for (const wrong of [
      { name: 1, part: { size: 1 } },
      { name: 'x', part: { size: 'big' } },
    ]) {
      expect(await failure(call('create', wrong))).toMatchObject({ excType: 'BadRequestException' });
    }
  });

  it('runs interceptors around the method', async () => {
    const { call } = await start();
    expect(await call('doubled', { value: 21 })).toBe(42);
  });

  it('answers with the last value of an observable, or null', async () => {
    const { call } = await start();
    expect(await call('stream')).toBe(3);
    expect(await call('empty')).toBeNull();
    expect(await call('record', { x: 1 })).toBeNull();
  });

  it('sends the class and message of a thrown error to the caller', async () => {
    const { call } = await start();
    expect(await failure(call('fail'))).toMatchObject({ excType: 'Broken', value: 'plainly' });
    expect(await failure(call('failLater'))).toMatchObject({ excType: 'Broken', value: 'later' });
    expect(await failure(call('failByRpcException'))).toMatchObject({ value: 'by exception' });
    expect(await failure(call('plainFailure'))).toMatchObject({ excType: 'Broken', value: 'plain' });
  });

  it('prefers the nearest bound filter', async () => {
    const { call } = await start([filter('global')]);
    const filtered = (method: string) => failure(call({ method, namespace: 'filtered' }));
    expect(await filtered('byMethod')).toMatchObject({ excType: 'Translated', value: 'method: x' });
    expect(await filtered('byClass')).toMatchObject({ excType: 'Translated', value: 'class: x' });
    expect(await filtered('notCaught')).toMatchObject({ excType: 'Forbidden', value: 'still' });
    expect(await call({ method: 'rescued', namespace: 'filtered' })).toBe('rescued');
  });

  it('applies a global filter', async () => {
    const { call } = await start([filter('global')]);
    expect(await failure(call('fail'))).toMatchObject({ excType: 'Translated', value: 'global: plainly' });
    expect(await failure(call('failLater'))).toMatchObject({ excType: 'Translated', value: 'global: later' });
    expect(await failure(call('plainFailure'))).toMatchObject({ excType: 'Translated', value: 'global: plain' });
    const scoped = call({ method: 'fail', namespace: 'scoped' });
    expect(await failure(scoped)).toMatchObject({ excType: 'Translated', value: 'global: scoped' });
  });

  it('makes a new request-scoped controller for each request', async () => {
    const { call } = await start();
    const id = () => call<number>({ method: 'id', namespace: 'scoped' });
    const ids = [await id(), ...(await Promise.all([id(), id()]))];
    expect(new Set(ids).size).toBe(3);
    expect(await call({ method: 'injected', namespace: 'scoped' })).toBe(true);
    expect(await call({ method: 'stream', namespace: 'scoped' })).toBe(2);
    const thrown = await failure(call({ method: 'fail', namespace: 'scoped' }));
    expect(thrown).toMatchObject({ excType: 'Broken', value: 'scoped' });
  });

  it('answers plain message patterns, and handles events', async () => {
    const { call, proxy } = await start();
    expect(await call('sum', { values: [1, 2, 3] })).toBe(6);
    const event = { id: uniqueTopic('event') };
    proxy.emit('happened', event);
    await eventually(() => expect(Plain.events).toContainEqual(event));
  });

  it('emits casts to a method', async () => {
    const { app, proxy } = await start();
    proxy.emit('record', { x: 1 });
    proxy.emit({ method: 'record', fanout: true }, { x: 2 });
    await eventually(() => expect(app.get(Main).recorded).toEqual(expect.arrayContaining([{ x: 1 }, { x: 2 }])));
    expect(app.get(Main).recorded).toHaveLength(2);
  });
});
