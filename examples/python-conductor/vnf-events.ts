import { Get } from '@nestjs/common';
import {
  type NotificationDetails,
  NotificationEndpoint,
  NotificationMetadata,
  NotificationPayload,
  OnNotification,
  RequestContext,
  RpcContext,
} from 'nestjs-oslo-messaging';

const MAX_EVENTS = 100;

/** Notification of the conductor. */
export interface VnfEvent {
  type: string | null;
  publisher: string | null;
  vnf: string;
  request: string | undefined;
}

/** Latest events. The class is a Nest controller, which answers HTTP, too. */
@NotificationEndpoint({ topics: ['vnf_events'] })
export class VnfEvents {
  private readonly events: VnfEvent[] = [];

  @OnNotification({ eventType: 'vnf.*' })
  record(
    @NotificationPayload('name') vnf: string,
    @NotificationMetadata() { eventType, publisherId }: NotificationDetails,
    @RpcContext() { requestId }: RequestContext,
  ): void {
    this.events.push({ type: eventType, publisher: publisherId, vnf, request: requestId });
    if (this.events.length > MAX_EVENTS) this.events.shift();
  }

  @Get('events')
  list(): VnfEvent[] {
    return this.events;
  }
}
