export { type AsyncApiSource, createAsyncApiDocument } from './create-document.js';
export type {
  AmqpChannelBinding,
  AsyncApiChannel,
  AsyncApiDocument,
  AsyncApiExternalDocs,
  AsyncApiInfo,
  AsyncApiMessage,
  AsyncApiOperation,
  AsyncApiParameter,
  AsyncApiQueue,
  AsyncApiReference,
  AsyncApiReply,
  AsyncApiSecurityScheme,
  AsyncApiServer,
  AsyncApiTag,
  JsonSchema,
} from './document.js';
export type { AsyncApiOptions } from './options.js';
export type { ToJsonSchema } from './standard-json-schema.js';
