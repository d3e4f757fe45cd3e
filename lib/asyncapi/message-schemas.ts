import type { AsyncApiReference, JsonSchema } from './document.js';

const ID = { type: 'string', pattern: '^[0-9a-f]{32}$' } as const;
const MESSAGE_ID = { ...ID, examples: ['5f0c1d6e8a7b4c3d9e2f1a0b6c5d4e3f'] } as const;
/** Without an example: a receiver would drop the second message that is made from it. */
const UNIQUE_ID = { ...ID, description: 'Id of one publish. Receivers drop duplicates by it' };
/** Members that hold the request context. */
export const CONTEXT = { '^_context_': { description: 'Member of the request context, behind the prefix' } };

/** Returns the schema of a body: the envelope of version 2.0 with the message as JSON text inside, or the message alone. */
export function bodySchema(message: AsyncApiReference): JsonSchema {
  const envelope = {
    title: 'oslo envelope 2.0',
    description: 'JSON inside JSON: the message is the text of its second member',
    type: 'object',
    required: ['oslo.version', 'oslo.message'],
    properties: {
      'oslo.version': { type: 'string', const: '2.0' },
      'oslo.message': {
        type: 'string',
        description: 'The message, as JSON text. Its schema is the other alternative of this payload',
        contentMediaType: 'application/json',
        contentSchema: message,
      },
    },
  };
  return { title: 'Body', oneOf: [envelope, message] };
}

/** Returns the body of a message, for an example. */
export function bodyOf(message: unknown): object {
  return { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) };
}

/** Parts of a request that its schema describes. */
export interface RequestParts {
  readonly method: string;
  readonly namespaces: readonly (string | undefined)[];
  readonly since: string;
  readonly version: string;
  readonly kind: 'call' | 'cast' | 'either';
  readonly args: JsonSchema;
}

/** Returns the schema of a request. */
export function requestSchema({ method, namespaces, since, version, kind, args }: RequestParts): JsonSchema {
  const named = namespaces.filter((namespace) => namespace !== undefined);
  const needsNamespace = named.length === namespaces.length;
  const needsVersion = !version.startsWith('1.');
  const required = [
    'method',
    'args',
    ...(needsNamespace ? ['namespace'] : []),
    ...(needsVersion ? ['version'] : []),
    ...(kind === 'call' ? ['_msg_id', '_reply_q'] : []),
  ];
  const replying = {
    _msg_id: { ...MESSAGE_ID, description: 'Id of the call, which its replies repeat' },
    _reply_q: {
      type: 'string',
      pattern: '^reply_',
      description: "Queue of the caller's replies",
      examples: ['reply_1b9d6bcdbbfd4b2d9b5dab8dfbbd4bed'],
    },
    _timeout: {
      type: ['number', 'null'],
      examples: [null],
      description: 'Longest time without a heartbeat, in seconds. Null: the server sends none',
    },
  };
  return {
    title: `${method}: request`,
    type: 'object',
    required,
    properties: {
      method: { type: 'string', const: method },
      args,
      ...(named.length > 0 && {
        namespace: {
          type: needsNamespace ? 'string' : ['string', 'null'],
          enum: [...named, ...(needsNamespace ? [] : [null])],
        },
      }),
      version: {
        type: 'string',
        default: since,
        description: `Version that the server must implement: it implements ${version}. Absent: 1.0`,
      },
      ...(kind !== 'cast' && replying),
      _unique_id: UNIQUE_ID,
    },
    patternProperties: CONTEXT,
    ...(kind === 'either' && { dependencies: { _msg_id: ['_reply_q'], _reply_q: ['_msg_id'] } }),
  };
}

const REPLY_IDS = {
  _msg_id: { ...MESSAGE_ID, description: 'Id of the call' },
  _unique_id: UNIQUE_ID,
};

/** Returns the schema of a reply with a result. */
export function resultSchema(method: string, result: JsonSchema): JsonSchema {
  return replySchema(`${method}: result`, {
    result,
    failure: { type: 'null' },
    ending: { type: 'boolean', const: true },
  });
}

/** Returns the schema of a reply with a failure. */
export function failureReplySchema(failure: AsyncApiReference): JsonSchema {
  const text = {
    type: 'string',
    description: 'The failure, as JSON text',
    contentMediaType: 'application/json',
    contentSchema: failure,
  };
  return replySchema('Failure reply', {
    result: { type: 'null' },
    failure: text,
    ending: { type: 'boolean', const: true },
  });
}

/** Returns the schema of a heartbeat, which a server sends while the handler of a monitored call runs. */
export function heartbeatSchema(): JsonSchema {
  return replySchema('Heartbeat', {
    result: { type: 'null' },
    failure: { type: 'null' },
    ending: { type: 'boolean', const: false },
  });
}

function replySchema(title: string, members: Readonly<Record<string, unknown>>): JsonSchema {
  const required = [...Object.keys(members), '_msg_id'];
  return { title, type: 'object', required, properties: { ...members, ...REPLY_IDS } };
}

const TEXT = { type: 'string' } as const;

/** Schema of a failure: an exception of the server. */
export const FAILURE: JsonSchema = {
  title: 'Failure',
  description: 'Exception of the server. The caller rebuilds it where it knows the class, else it is a `RemoteError`',
  type: 'object',
  required: ['class', 'module', 'message', 'args', 'kwargs', 'tb'],
  properties: {
    class: { ...TEXT, description: 'Name of the class' },
    module: { ...TEXT, description: 'Python module of the class, such as `builtins`' },
    message: TEXT,
    args: { type: 'array', description: 'Positional arguments of the exception' },
    kwargs: { type: 'object', description: 'Keyword arguments of the exception' },
    tb: { type: 'array', items: TEXT, description: 'Lines of the traceback' },
  },
};
