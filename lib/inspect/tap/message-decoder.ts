import {
  type Dict,
  decodeEnvelope,
  decompress,
  type MessageLimits,
  oneLine,
  parseJson,
  type RpcReply,
  type RpcRequest,
  readReply,
  readRequest,
  type SecretValues,
} from '../../internal.js';
import { excerptOfText } from './excerpt.js';
import type { Observed } from './observed.js';
import type { TappedFailure } from './tap-event.js';

/** Maximum length of the text of a failure that is parsed, in characters. */
const MAX_FAILURE = 1_000_000;
/** Limits of a failure, which is JSON text within JSON. */
const FAILURE_LIMITS = { depth: 100, values: 100_000 };
/** Maximum length of the class, the module and a line of the traceback of a failure, in characters. */
const MAX_NAME = 200;
/** Maximum number of lines of a traceback. */
const MAX_LINES = 20;

/** Returns the request in a body. @throws InvalidMessage when it is none */
export function decodeRequest(observed: Observed, limits: MessageLimits): RpcRequest {
  return readRequest(decode(observed, limits));
}

/** Returns the reply in a body. @throws InvalidMessage when it is none */
export function decodeReply(observed: Observed, limits: MessageLimits): RpcReply {
  return readReply(decode(observed, limits));
}

/** Returns a failure for people to read. Nothing is looked up by its names. Never throws. */
export function describeFailure(text: string, secrets: SecretValues, length: number): TappedFailure {
  const { class: name, module, message, tb } = parsed(text);
  return {
    class: typeof name === 'string' ? oneLine(name, MAX_NAME) : 'Exception',
    module: typeof module === 'string' ? oneLine(module, MAX_NAME) : '',
    message: excerptOfText(typeof message === 'string' ? message : text, secrets, length),
    traceback: linesIn(tb).map((line) => excerptOfText(line, secrets, MAX_NAME)),
  };
}

/** Returns the last lines of a traceback. An entry of Python's holds several. */
function linesIn(traceback: unknown): string[] {
  if (!Array.isArray(traceback)) return [];
  const entries = traceback.slice(-MAX_LINES).filter((entry) => typeof entry === 'string');
  return entries.flatMap((entry) => entry.trimEnd().split('\n')).slice(-MAX_LINES);
}

function decode({ body, compression }: Observed, limits: MessageLimits): Dict {
  return decodeEnvelope(decompress(body, compression, limits), limits);
}

function parsed(text: string): Dict {
  if (text.length > MAX_FAILURE) return {};
  try {
    const failure = parseJson(text, FAILURE_LIMITS);
    return typeof failure === 'object' && failure !== null ? (failure as Dict) : {};
  } catch {
    return {};
  }
}
