/** JSON Schema, draft 7. `true` allows any value. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** Reference to another part of the document. */
export type AsyncApiReference = {
  /** JSON pointer: `#/components/schemas/…`. */
  readonly $ref: string;
};

/** Name for grouping. */
export interface AsyncApiTag {
  /** Name. */
  readonly name: string;
  /** Description, in Markdown. */
  readonly description?: string;
}

/** Link to a page outside of the document. */
export interface AsyncApiExternalDocs {
  /** Address of the page. */
  readonly url: string;
  /** Description, in Markdown. */
  readonly description?: string;
}

/** Description of the application that the document is about. */
export interface AsyncApiInfo {
  /** Name of the application. */
  readonly title: string;
  /** Version of the application, such as `1.4.0`. */
  readonly version: string;
  /** Description, in Markdown. @default none */
  readonly description?: string | undefined;
  /** URL of the terms of service. @default none */
  readonly termsOfService?: string | undefined;
  /** People to ask: `name`, `url`, `email`. @default none */
  readonly contact?: { readonly name?: string; readonly url?: string; readonly email?: string } | undefined;
  /** License of the application: `name`, `url`. @default none */
  readonly license?: { readonly name: string; readonly url?: string } | undefined;
  /** Names for grouping applications. @default none */
  readonly tags?: readonly AsyncApiTag[] | undefined;
  /** Link to further documentation. @default none */
  readonly externalDocs?: AsyncApiExternalDocs | undefined;
}

/** Broker. */
export interface AsyncApiServer {
  /** Host name and port. */
  readonly host: string;
  /** `amqp`, or `amqps` over TLS. */
  readonly protocol: 'amqp' | 'amqps';
  /** Version of AMQP. */
  readonly protocolVersion: '0-9-1';
  /** Virtual host, after a slash. */
  readonly pathname: string;
  /** Title. */
  readonly title: string;
  /** Description, in Markdown. */
  readonly description: string;
  /** Security schemes, of which one is needed. */
  readonly security: readonly AsyncApiReference[];
}

/** Way to log in at a broker. It holds no secret. */
export interface AsyncApiSecurityScheme {
  /** `userPassword`, or `X509` for a client certificate. */
  readonly type: 'userPassword' | 'X509';
  /** Description, in Markdown. */
  readonly description: string;
}

/** AMQP binding of a channel, version 0.3.0. */
export type AmqpChannelBinding = {
  /** Version of the binding. */
  readonly bindingVersion: '0.3.0';
} & (
  | {
      /** The channel is a routing key of an exchange. */
      readonly is: 'routingKey';
      /** The exchange. */
      readonly exchange: {
        readonly name: string;
        readonly type: 'topic' | 'fanout';
        readonly durable: boolean;
        readonly autoDelete: boolean;
        readonly vhost: string;
      };
    }
  | {
      /** The channel is a queue of the default exchange. */
      readonly is: 'queue';
      /** The queue. */
      readonly queue: {
        readonly durable: boolean;
        readonly exclusive: boolean;
        readonly autoDelete: boolean;
        readonly vhost: string;
      };
    }
);

/** Part of a channel's address. */
export interface AsyncApiParameter {
  /** Description, in Markdown. */
  readonly description: string;
  /** Allowed values. */
  readonly enum?: readonly string[];
}

/** Place that messages are published to. */
export interface AsyncApiChannel {
  /** Routing key; null where only a message names it. */
  readonly address: string | null;
  /** Title. */
  readonly title: string;
  /** Description, in Markdown. */
  readonly description: string;
  /** Messages by name. */
  readonly messages: Readonly<Record<string, AsyncApiReference>>;
  /** Parts of the address, by name. */
  readonly parameters?: Readonly<Record<string, AsyncApiParameter>>;
  /** Brokers, where not all of them have the channel. */
  readonly servers?: readonly AsyncApiReference[];
  /** AMQP binding. Absent where the transport is `memory://`. */
  readonly bindings?: { readonly amqp: AmqpChannelBinding };
  /** Extension: queues behind the channel, with their types. */
  readonly 'x-oslo-queues'?: readonly AsyncApiQueue[];
}

/** Queue that is bound to a channel. */
export interface AsyncApiQueue {
  /** Name; parts in braces differ for each process. */
  readonly name: string;
  /** True where it survives a restart of the broker. */
  readonly durable: boolean;
  /** Arguments of its declaration, such as `x-queue-type` and `x-expires`. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Message that the application handles. */
export interface AsyncApiOperation {
  /** `receive`: the application is the server. */
  readonly action: 'receive';
  /** Title. */
  readonly title: string;
  /** Summary. */
  readonly summary: string;
  /** Description, in Markdown. */
  readonly description: string;
  /** Channel that the message arrives on. */
  readonly channel: AsyncApiReference;
  /** Messages that are accepted. */
  readonly messages: readonly AsyncApiReference[];
  /** Names for grouping. */
  readonly tags: readonly AsyncApiTag[];
  /** Reply. Absent where nobody waits for one. */
  readonly reply?: AsyncApiReply;
  /** AMQP binding. */
  readonly bindings?: { readonly amqp: Readonly<Record<string, unknown>> };
  /** Extension: target, kind and handler of an RPC method. */
  readonly 'x-oslo-rpc'?: Readonly<Record<string, unknown>>;
  /** Extension: source and filters of notifications. */
  readonly 'x-oslo-notifications'?: Readonly<Record<string, unknown>>;
}

/** Reply to a request. */
export interface AsyncApiReply {
  /** Place of the reply queue's name in the request. */
  readonly address: { readonly location: string; readonly description: string };
  /** Channel of the replies. */
  readonly channel: AsyncApiReference;
  /** Messages that may come: result, failure, heartbeat. */
  readonly messages: readonly AsyncApiReference[];
}

/** Message. */
export interface AsyncApiMessage {
  /** Name. */
  readonly name: string;
  /** Title. */
  readonly title: string;
  /** Summary. */
  readonly summary: string;
  /** Content type of the body. */
  readonly contentType: 'application/json';
  /** Schema of the body. */
  readonly payload: JsonSchema;
  /** Schema of the AMQP headers. */
  readonly headers: JsonSchema;
  /** Place of the id that ties a reply to its request. */
  readonly correlationId?: { readonly location: string; readonly description: string };
  /** AMQP binding. */
  readonly bindings: { readonly amqp: Readonly<Record<string, unknown>> };
  /** Examples of the body. */
  readonly examples?: readonly { readonly name: string; readonly summary: string; readonly payload: unknown }[];
}

/** AsyncAPI document, as {@link createAsyncApiDocument} returns it: plain data, in a stable order. */
export interface AsyncApiDocument {
  /** Version of the specification. */
  readonly asyncapi: '3.1.0';
  /** The application. */
  readonly info: AsyncApiInfo;
  /** Content type of messages. */
  readonly defaultContentType: 'application/json';
  /** Brokers, by name. Empty where the transport is `memory://` or unknown. */
  readonly servers: Readonly<Record<string, AsyncApiServer>>;
  /** Channels, by name. */
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  /** Operations, by name. */
  readonly operations: Readonly<Record<string, AsyncApiOperation>>;
  /** Parts that others refer to. */
  readonly components: {
    readonly messages: Readonly<Record<string, AsyncApiMessage>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, AsyncApiSecurityScheme>>;
  };
}
