import 'reflect-metadata';
import { ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import {
  ClientSendError,
  ConfigurationError,
  MessagingTimeout,
  RemoteError,
  RemoteExceptionFilter,
  type RemoteStatuses,
  registerRemoteException,
} from 'nestjs-oslo-messaging';
import { isObservable, lastValueFrom } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

class FilterFault extends Error {}
class FilterVnfFault extends FilterFault {}
registerRemoteException(FilterVnfFault, { module: 'filter.exceptions', class: 'VnfFault' });

/** A response of Express, as far as the filter needs one. */
function responseOf(more: object = {}) {
  const seen = { status: 0, text: '', ended: 0 };
  const response = {
    headersSent: false,
    status: (status: number) => {
      seen.status = status;
    },
    header: () => undefined,
    send: (text: string) => {
      seen.text = text;
    },
    end: () => {
      seen.ended++;
    },
    ...more,
  };
  return { seen, response };
}

function answer(filter: RemoteExceptionFilter, error: Error, response: object = responseOf().response): void {
  vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  const host = new ExecutionContextHost([{ method: 'GET', url: '/vnfs?token=abc' }, response]);
  expect(filter.catch(error, host)).toBeUndefined();
}

function statusOf(statuses: RemoteStatuses, error: Error): number {
  const { seen, response } = responseOf();
  answer(new RemoteExceptionFilter(statuses), error, response);
  return seen.status;
}

const remote = (module?: string) => new RemoteError('VnfFault', 'it failed', [], { module });

describe('the status of an exception', () => {
  it.each<[string, RemoteStatuses, Error, number]>([
    ['a name', { VnfFault: 404 }, remote('any'), 404],
    ['a name with its module, before the name alone', { VnfFault: 404, 'a.b.VnfFault': 409 }, remote('a.b'), 409],
    ['a name without its module, of another one', { VnfFault: 404, 'a.b.VnfFault': 409 }, remote('a.c'), 404],
    ['a class', [[FilterVnfFault, 410]], new FilterVnfFault(), 410],
    ['a base class', [[FilterFault, 410]], new FilterVnfFault(), 410],
    [
      'the class, before its base class',
      [
        [FilterFault, 410],
        [FilterVnfFault, 404],
      ],
      new FilterVnfFault(),
      404,
    ],
    ['the Python name of a class', { 'filter.exceptions.VnfFault': 404 }, new FilterVnfFault(), 404],
    ['the name of the class here', { FilterVnfFault: 404 }, new FilterVnfFault(), 404],
    ['all remote errors', [[RemoteError, 418]], remote(), 418],
    ['an error of the library', { MessagingTimeout: 408 }, new MessagingTimeout('late'), 408],
    ['nothing: a remote exception', {}, remote(), 502],
    ['nothing: a registered class that was thrown here', {}, new FilterVnfFault(), 500],
    ['nothing: a mistake of the gateway', {}, new ClientSendError('a function'), 500],
  ])('follows %s', (_name, statuses, error, status) => {
    expect(statusOf(statuses, error)).toBe(status);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a status that is too small',
      { Vnf: 42 },
      /^RemoteExceptionFilter: status of "Vnf": expected an HTTP status, an integer from 400 to 599; got 42$/,
    ],
    ['a status that is no number', { Vnf: '404' }, /got "404"$/],
    ['a status of success', { Vnf: 200 }, /got 200$/],
    ['a fraction', [[FilterFault, 404.5]], /status of FilterFault: .*; got 404\.5$/],
    ['a name with a space', { 'Vnf Fault': 404 }, /expected the name of a remote exception, .*; got "Vnf Fault"$/],
    ['an empty name', { '': 404 }, /; got ""$/],
    ['a class that is no error', [[Date, 404]], /; got Date, which does not extend Error$/],
    ['an instance', [[new FilterFault(), 404]], /; got a FilterFault$/],
    ['a list of names', ['Vnf'], /expected pairs of an exception and its status, .*; got a string$/],
    ['a number', 404, /expected statuses by exception, such as \{ VnfNotFound: 404 \}; got a number$/],
    ['null', null, /; got null$/],
  ])('cannot be %s', (_name, statuses, message) => {
    const make = () => new RemoteExceptionFilter(statuses as RemoteStatuses);
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });

  it('of the rest is checked, too', () => {
    expect(() => new RemoteExceptionFilter({}, { unmapped: 200 })).toThrow(/"unmapped": expected .*; got 200$/);
    expect(() => new RemoteExceptionFilter({}, { unmaped: 500 } as object)).toThrow(/did you mean "unmapped"\?/);
  });
});

describe('the answer', () => {
  it('is logged for a status from 500 on, without the query and without secrets', () => {
    const { seen, response } = responseOf();
    answer(new RemoteExceptionFilter(), new RemoteError('Broken', 'password=abcdefgh'), response);
    expect(JSON.parse(seen.text)).toEqual({ statusCode: 502, message: 'The service failed', error: 'Bad Gateway' });
    const [[line]] = vi.mocked(Logger.prototype.error).mock.calls as [[string]];
    expect(line).toMatch(/^GET \/vnfs failed with 502: .*Broken password=\*\*\*/);
    vi.mocked(Logger.prototype.error).mockClear();
    answer(new RemoteExceptionFilter({ Broken: 404 }), new RemoteError('Broken', 'gone'));
    expect(Logger.prototype.error).not.toHaveBeenCalled();
  });

  it.each([
    ['Express', {}],
    ['Fastify', { headersSent: undefined, raw: { headersSent: true } }],
  ])('ends a response of %s whose headers are sent', (_name, more) => {
    let ended = 0;
    const end = () => ended++;
    const { seen, response } = responseOf({ headersSent: true, end, ...more });
    if ('raw' in response) Object.assign(response['raw'] as object, { end });
    answer(new RemoteExceptionFilter(), remote(), response);
    expect({ ended, status: seen.status }).toEqual({ ended: 1, status: 0 });
  });

  it('needs no framework: middleware has the response of Node.js', () => {
    const response = new ServerResponse({ method: 'GET' } as never);
    const end = vi.spyOn(response, 'end').mockReturnThis();
    answer(new RemoteExceptionFilter({ VnfFault: 409 }), remote(), response);
    expect(response.statusCode).toBe(409);
    expect(response.getHeader('content-type')).toBe('application/json; charset=utf-8');
    expect(JSON.parse(end.mock.calls[0]?.[0] as string)).toMatchObject({ message: 'it failed', error: 'Conflict' });
  });
});

describe('an exception outside of HTTP', () => {
  function pass(type: string, args: unknown[]): unknown {
    const host = new ExecutionContextHost(args);
    host.setType(type);
    return new RemoteExceptionFilter({ VnfFault: 404 }).catch(remote(), host);
  }

  it('gets the default answer of Nest in other transports', async () => {
    vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const answered = pass('rpc', [{}, {}]);
    if (!isObservable(answered)) throw new Error('not an observable');
    const thrown: unknown = await lastValueFrom(answered).catch((error: unknown) => error);
    expect(thrown).toEqual({ status: 'error', message: 'Internal server error' });
  });

  it('gets the default answer of Nest in gateways of both kinds', () => {
    const emit = vi.fn();
    pass('ws', [{ emit }, {}]);
    expect(emit).toHaveBeenCalledWith('exception', { status: 'error', message: 'Internal server error' });
    const send = vi.fn();
    pass('ws', [{ readyState: 1, emit, send }, {}]);
    expect(JSON.parse(send.mock.calls[0]?.[0] as string)).toMatchObject({ event: 'exception' });
    expect(emit).toHaveBeenCalledOnce();
  });

  it('is left to Nest for GraphQL', () => {
    expect(pass('graphql', [{}, {}, {}, {}])).toBeUndefined();
  });
});
