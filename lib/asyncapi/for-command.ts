// @internal The entry of the command, which loads Nest only when it needs it.

export { type AsyncApiSource, createAsyncApiDocument } from './create-document.js';
export type { AsyncApiDocument, AsyncApiInfo } from './document.js';
export { describeModule, isModuleClass, type ModuleClass } from './preview.js';
export type { ToJsonSchema } from './standard-json-schema.js';
