// @internal The entry of the explorer: methods with their schemas, of an application, of contracts and of answers to discovery.

export { ANY_ARGUMENTS } from './arguments-schema.js';
export type { DescribedMethod } from './described-api.js';
export { ApplicationReader } from './from-application.js';
export { ContractReader, serverMethods } from './from-contract.js';
export { sampleOf } from './sample.js';
export { SchemaBook } from './schema-book.js';
