// @internal The entry of the explorer's module, besides for-explorer.ts: methods of an application.

export { ApplicationReader } from './from-application.js';
