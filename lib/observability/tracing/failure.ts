import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  loggedMessage,
  loggedStack,
  MessagingException,
  oneLine,
  RemoteError,
  withoutSecrets,
} from '../../internal.js';
import { ATTRIBUTE, OTHER } from './attributes.js';

/** Maximum lengths of texts of an error, in characters. */
const MAX_TYPE = 200;
const MAX_MESSAGE = 1000;
const MAX_STACK = 8000;

/** Marks a span as failed. @param contexts request contexts whose secrets the error may quote */
export function fail(span: Span, error: unknown, contexts: readonly object[]): void {
  if (!span.isRecording()) return;
  const masked = (text: string) => contexts.reduce<string>((left, context) => withoutSecrets(left, context), text);
  const name = typeOf(error);
  const message = oneLine(masked(loggedMessage(error)), MAX_MESSAGE);
  const attributes: Attributes = { [ATTRIBUTE.ERROR_TYPE]: name };
  if (error instanceof MessagingException) attributes[ATTRIBUTE.RPC_STATUS_CODE] = error.code;
  span.setAttributes(attributes);
  span.recordException({ name, message, stack: masked(loggedStack(error)).slice(0, MAX_STACK) });
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/**
 * Notes an error that the handler has announced. It is a result, as a `NOT_FOUND` of gRPC is: by the conventions, the span of
 * the server does not fail. That of the caller does.
 */
export function noteExpected(span: Span, error: unknown): void {
  span.setAttribute(ATTRIBUTE.EXPECTED_EXCEPTION, typeOf(error));
}

/** Returns the class of an error; for an error of a remote server, its class there. */
export function typeOf(error: unknown): string {
  if (error instanceof RemoteError) return oneLine(error.excType, MAX_TYPE) || OTHER;
  if (!(error instanceof Error)) return OTHER;
  return oneLine(error.constructor?.name || error.name || OTHER, MAX_TYPE);
}
