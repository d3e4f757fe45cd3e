import { oneLine, type RpcRequest, SecretValues } from '../../internal.js';
import { excerptOf } from './excerpt.js';
import type { Observed } from './observed.js';
import type { TappedRequest } from './tap-event.js';
import type { Place } from './watched-topic.js';

const MAX_NAME = 200;

/** Request as it is shown, and its secrets, which its reply may quote. */
export interface DescribedRequest {
  readonly request: TappedRequest;
  readonly secrets: SecretValues;
}

/** Returns a request as it is shown. @param method name as it is shown */
export function describeRequest(
  { args, context, namespace, version, replyQueue }: RpcRequest,
  method: string,
  { exchange, connection, user, body }: Observed,
  { server, fanout }: Place,
  { topic, excerptLength }: { readonly topic: string; readonly excerptLength: number },
): DescribedRequest {
  const secrets = new SecretValues({ args, context }, true);
  const request = {
    at: Date.now(),
    exchange,
    topic,
    server: nameOf(server),
    fanout,
    method,
    namespace: nameOf(namespace),
    version: nameOf(version),
    args: excerptOf(args, secrets, excerptLength),
    context: excerptOf(context, secrets, excerptLength),
    caller: { replyQueue: nameOf(replyQueue), connection, user },
    bytes: body.length,
  };
  return { request, secrets };
}

function nameOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : oneLine(text, MAX_NAME);
}
