import type { ArgumentsHost } from '@nestjs/common';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';

/** Answer of Nest's default filters to an unknown exception. */
const UNKNOWN = { status: 'error', message: 'Internal server error' };

/** Members of the clients of gateways, of Socket.IO and of plain web sockets. */
interface AnyClient {
  readonly readyState?: unknown;
  send?(text: string): unknown;
  emit?(event: string, payload: object): unknown;
}

/** Treats an exception outside of HTTP as if no filter had caught it. Returns the result of the filter. */
export function passOn(exception: unknown, host: ArgumentsHost): unknown {
  switch (host.getType<string>()) {
    case 'rpc':
      // Requests of this library keep their error there.
      return new BaseRpcExceptionFilter().catch(exception, host);
    case 'ws':
      return answerSocket(host.switchToWs().getClient<AnyClient>());
    default:
      // Nest throws the exception again where a filter returns nothing: for GraphQL, and for contexts of other libraries.
      return undefined;
  }
}

/** Answers as the default filter of gateways, which is in a package that may be missing. A throw would end the process. */
function answerSocket(client: AnyClient | undefined): void {
  if (typeof client?.readyState === 'number') client.send?.(JSON.stringify({ event: 'exception', data: UNKNOWN }));
  else client?.emit?.('exception', UNKNOWN);
}
