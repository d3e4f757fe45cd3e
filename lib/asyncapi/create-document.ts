import type { INestApplicationContext } from '@nestjs/common';
import { ConfigurationError, isRpcApi, nameOf, type RpcApi, type ServerInfo } from '../internal.js';
import { Brokers } from './brokers.js';
import type { DescribedApi } from './described-api.js';
import type { AsyncApiDocument, AsyncApiInfo } from './document.js';
import { DocumentParts } from './document-parts.js';
import { ApplicationReader, brokersIn } from './from-application.js';
import { ContractReader, serverMethods } from './from-contract.js';
import { addNotificationOperations } from './notification-operations.js';
import {
  type AsyncApiOptions,
  type BrokerOptions,
  brokerOptions,
  checkAsyncApiOptions,
  checkedInfo,
} from './options.js';
import { addRpcOperations } from './rpc-operations.js';
import { SchemaBook } from './schema-book.js';

/**
 * Subject of a document: a Nest application, whose endpoints and handlers are read; contracts, as `defineRpcApi` returns them;
 * or answers of servers to discovery.
 */
export type AsyncApiSource = INestApplicationContext | RpcApi | ServerInfo | readonly (RpcApi | ServerInfo)[];

/**
 * Describes RPC methods and notifications as an AsyncAPI document, from the side of the server. The same input gives the same
 * document. It holds no credentials.
 *
 * An application need not be started: `NestFactory.create(AppModule, { preview: true })` suffices, with the options of the
 * servers in `messaging`, which are not known then.
 * @param app Nest application (or application context), contracts, or answers to discovery
 * @param info name and version of the application, and what else the document says about it
 * @throws ConfigurationError for a missing, unknown or ill-typed member of info or options, for another kind of subject, and
 * for a method without a topic; InvalidTransportURL
 */
export function createAsyncApiDocument(
  app: AsyncApiSource,
  info: AsyncApiInfo,
  options: AsyncApiOptions = {},
): AsyncApiDocument {
  const checked = checkedInfo(info);
  checkAsyncApiOptions(options);
  const book = new SchemaBook();
  const contracts = new ContractReader(book, options.toJsonSchema);
  const given = brokerOptions(options);
  const isApp = isApplication(app);
  const known = isApp ? brokersIn(app, given) : given;
  const described = isApp
    ? new ApplicationReader(book, contracts, known).read(app)
    : describeAll(Array.isArray(app) ? (app as readonly unknown[]) : [app], contracts, book);
  return assemble(checked, book, known, described);
}

function assemble(
  info: AsyncApiInfo,
  book: SchemaBook,
  known: readonly BrokerOptions[],
  { methods, notifications }: DescribedApi,
): AsyncApiDocument {
  const brokers = new Brokers(known);
  const parts = new DocumentParts(book);
  addRpcOperations(parts, brokers, methods);
  addNotificationOperations(parts, brokers, notifications);
  const { channels, operations, messages } = parts.all();
  return {
    asyncapi: '3.1.0',
    info,
    defaultContentType: 'application/json',
    servers: brokers.allServers(),
    channels,
    operations,
    components: { messages, schemas: book.all(), securitySchemes: brokers.securitySchemes() },
  };
}

function describeAll(subjects: readonly unknown[], contracts: ContractReader, book: SchemaBook): DescribedApi {
  const seen = new Set<string>();
  const methods = subjects.flatMap((subject) => {
    if (isRpcApi(subject)) return contracts.methods(subject);
    if (isServerInfo(subject)) return serverMethods(subject, book);
    throw new ConfigurationError(
      `createAsyncApiDocument: expected a Nest application, the result of defineRpcApi, or an answer to discovery; got ${nameOf(subject)}`,
    );
  });
  // Several servers of one topic answer with the same methods.
  const distinct = methods.filter(({ exchange, topic, namespaces, version, method }) => {
    const key = JSON.stringify([exchange, topic, namespaces, version, method]);
    return !seen.has(key) && seen.add(key);
  });
  return { methods: distinct, notifications: [] };
}

function isApplication(subject: unknown): subject is INestApplicationContext {
  return has(subject, 'get') && has(subject, 'resolve') && has(subject, 'select');
}

function isServerInfo(subject: unknown): subject is ServerInfo {
  return typeof subject === 'object' && subject !== null && Array.isArray(Reflect.get(subject, 'apis'));
}

function has(subject: unknown, method: string): boolean {
  return typeof subject === 'object' && subject !== null && typeof Reflect.get(subject, method) === 'function';
}
