import { MESSAGE_BINDINGS } from './channel-bindings.js';
import type { AsyncApiChannel, AsyncApiMessage, AsyncApiOperation, AsyncApiReference, JsonSchema } from './document.js';
import { bodyOf, bodySchema } from './message-schemas.js';
import { Names, sorted } from './names.js';
import { sampleOf } from './sample.js';
import type { SchemaBook } from './schema-book.js';

/** Channel that gets its messages one by one. */
export type OpenChannel = Omit<AsyncApiChannel, 'messages'>;

/** Message without the parts that all have. */
export type NewMessage = Pick<AsyncApiMessage, 'title' | 'summary' | 'correlationId'> & {
  /** Schema of the message inside the envelope. */
  readonly schema: JsonSchema;
};

/** Channels, operations and messages of a document while it is made. */
export class DocumentParts {
  private readonly channels = new Map<string, { channel: OpenChannel; messages: Map<string, AsyncApiReference> }>();
  private readonly operations = new Map<string, AsyncApiOperation>();
  private readonly messages = new Map<string, AsyncApiMessage>();
  private readonly names = { channels: new Names(), operations: new Names(), messages: new Names() };
  private readonly keys = new Map<string, string>();

  constructor(readonly book: SchemaBook) {}

  /** Returns the name of a channel, which is made on first use. @param key identity of the channel */
  channel(key: string, name: string, make: () => OpenChannel): string {
    const known = this.keys.get(key);
    if (known !== undefined) return known;
    const id = this.names.channels.of(name);
    this.keys.set(key, id);
    this.channels.set(id, { channel: make(), messages: new Map() });
    return id;
  }

  /** Returns the name of a message of this name, which is made on first use. */
  sharedMessage(name: string, make: () => NewMessage): string {
    if (!this.messages.has(name)) this.messages.set(this.names.messages.of(name), this.made(name, make()));
    return name;
  }

  /** Adds a message. Returns its name. */
  message(wanted: string, message: NewMessage): string {
    const name = this.names.messages.of(wanted);
    this.messages.set(name, this.made(name, message));
    return name;
  }

  /** Returns the references to messages of a channel, which is given them. */
  within(channel: string, names: readonly string[]): AsyncApiReference[] {
    return names.map((name) => {
      this.channels.get(channel)?.messages.set(name, { $ref: `#/components/messages/${name}` });
      return { $ref: `#/channels/${channel}/messages/${name}` };
    });
  }

  /** Adds an operation. */
  operation(name: string, operation: AsyncApiOperation): void {
    this.operations.set(this.names.operations.of(name), operation);
  }

  /** Returns all parts: operations in the order of their addition, others by name. */
  all() {
    const channels = [...this.channels].map(([id, { channel, messages }]) => {
      const { address, title, description, ...rest } = channel;
      return [id, { address, title, description, messages: sorted(messages), ...rest }] as const;
    });
    return {
      channels: sorted(channels),
      operations: Object.fromEntries(this.operations),
      messages: sorted(this.messages),
    };
  }

  private made(name: string, { title, summary, schema, correlationId }: NewMessage): AsyncApiMessage {
    const reference = this.book.reference({ message: name }, `${name}.message`, () => schema);
    const sample = sampleOf(reference, this.book);
    const summaryOf = { envelope: 'Body of the AMQP message', message: 'The message inside of it' };
    return {
      name,
      title,
      summary,
      contentType: 'application/json',
      payload: bodySchema(reference),
      headers: { type: 'object', description: 'oslo.messaging sends none' },
      ...(correlationId && { correlationId }),
      bindings: MESSAGE_BINDINGS,
      ...(sample !== undefined && {
        examples: [
          { name: 'envelope', summary: summaryOf.envelope, payload: bodyOf(sample) },
          { name: 'message', summary: summaryOf.message, payload: sample },
        ],
      }),
    };
  }
}
