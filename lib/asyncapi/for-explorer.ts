// @internal The entry of the explorer: methods with their schemas, of contracts and of answers to discovery. Without Nest, which
// the command loads only when it needs it.

export { ANY_ARGUMENTS } from './arguments-schema.js';
export type { DescribedMethod } from './described-api.js';
export { ContractReader, serverMethods } from './from-contract.js';
export { sampleOf } from './sample.js';
export { SchemaBook } from './schema-book.js';
