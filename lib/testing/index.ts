export { type FakeNotifier, type FakeNotifierOptions, fakeNotifier } from './fake-notifier.js';
export {
  type FakeApiHandler,
  type FakeApiHandlers,
  type FakeApiOptions,
  type FakeRpcApi,
  type FakeRpcApiMembers,
  type FakeRpcApiProvider,
  fakeRpcApi,
  fakeRpcApiProvider,
} from './fake-rpc-api.js';
export { type FakeClientOptions, type FakeRpcClient, fakeRpcClient } from './fake-rpc-client.js';
export type { Fault, FaultRule, RepetitionOptions } from './faults.js';
export type { StandInHandler, StandInHandlers, StandInRequest } from './handlers.js';
export {
  type MatcherResult,
  type NotificationExpectation,
  type OsloMatchers,
  osloMatchers,
  type Recording,
  type RequestExpectation,
} from './matchers.js';
export { type MessageFilter, matching } from './message-filter.js';
export type { CompilableModule, CompiledModule, OverridableModule } from './nest-modules.js';
export type {
  AnyRecord,
  CallRecord,
  CastRecord,
  HandlerRun,
  MessageRecord,
  MessageStatus,
  NotificationRecord,
  RequestRecord,
} from './records.js';
export { NotSettled, type SettleOptions } from './settle.js';
export { type FaultOptions, TestBroker, type TestBrokerOptions } from './test-broker.js';
