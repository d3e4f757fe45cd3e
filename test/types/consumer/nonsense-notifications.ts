// Lines that must not compile. `test/types/types.test.ts` wants an error on each that follows a directive, and on no other.
import {
  type BatchedNotification,
  getBatchNotificationListener,
  getNotificationListener,
  type ListenerEndpoint,
  NotificationFilter,
  NotificationLogger,
  NotificationResult,
  Notifier,
  type RoutingConfig,
  Target,
  Transport,
} from 'nestjs-oslo-messaging';

export function nonsense(transport: Transport, target: Target, notifier: Notifier): void {
  // @ts-expect-error
  new Notifier(transport, { publisher: 'x' });
  // @ts-expect-error
  new Notifier(transport, { driver: 'messagingv3' });
  // @ts-expect-error
  new Notifier(transport, { topics: 'notifications' });
  // @ts-expect-error
  new Notifier(transport, { serializer: {} });
  // @ts-expect-error
  new Notifier(transport, { context: 'none' });
  // @ts-expect-error
  new Notifier(transport, { routing: { group: { log: { rejectedEvent: [] } } } });
  // @ts-expect-error
  new Notifier('rabbit://');
  // @ts-expect-error
  notifier.info({}, 'x');
  // @ts-expect-error
  notifier.info({}, 5, {});
  // @ts-expect-error
  notifier.notice({}, 'x', {});
  // @ts-expect-error
  notifier.prepare({ publisherID: 'x' });
  // @ts-expect-error
  notifier.prepare({ driver: 'log' });
  // @ts-expect-error
  getNotificationListener(transport, target, []);
  // @ts-expect-error
  getNotificationListener(transport, [{ topic: 't' }], []);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ infos: () => undefined }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: 5 }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: () => 'REQUEUE' }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: () => 'requeue ' }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: async () => true }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: () => false }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: (_ctxt: number, _publisher: number) => undefined }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ filterRule: {} }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [], { allowRequeu: true });
  // @ts-expect-error
  getNotificationListener(transport, [target], [], { pool: 5 });
  // @ts-expect-error
  getNotificationListener(transport, [target], [], { serializer: {} });
  // @ts-expect-error
  getNotificationListener(transport, [target], [], { batchSize: '5' });
  // @ts-expect-error
  getBatchNotificationListener(transport, [target], [{ info: (_one: BatchedNotification) => undefined }]);
  // @ts-expect-error
  getBatchNotificationListener(transport, [target], [{ info: () => 'REQUEUE' }]);
  const endpoint: ListenerEndpoint = { info: () => NotificationResult.REQUEUE };
  // @ts-expect-error
  endpoint.info = () => 'REQUEUE';
  // @ts-expect-error
  const _result: NotificationResult = 'REQUEUE';
  // @ts-expect-error
  const _routing: RoutingConfig = { group: { log: 'all' } };
  // @ts-expect-error
  new NotificationFilter({ event_type: 'x' });
  // @ts-expect-error
  new NotificationFilter({ eventType: 5 });
  // @ts-expect-error
  new NotificationFilter({ payload: 'x' });
  // @ts-expect-error
  new NotificationLogger(notifier, { level: ['error'] });
  // @ts-expect-error
  new NotificationLogger(notifier, { levels: ['loud'] });
  // @ts-expect-error
  new NotificationLogger(notifier, { format: 'json' });
  // @ts-expect-error
  new NotificationLogger(transport);
}
