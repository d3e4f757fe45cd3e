// @internal The entry of the package's own leaves that read Nest applications: what they need besides the public surface and
// lib/internal.ts. It is no entry of the package, so its names can change in any release.

export { OsloMessagingApplication } from './nest/application.js';
export { instancesOf } from './nest/bound-strategies.js';
export type { OsloServer } from './nest/oslo-server.js';
export { type BrokerSettings, brokersOf, type ServedHandler, servedHandlers } from './nest/served-handlers.js';
export { sharedNestClass } from './nest/shared-in-nest.js';
export { staticOptions } from './nest/static-options.js';
export type { OsloMessagingTransports } from './nest/transports.js';
