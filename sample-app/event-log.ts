import { Controller, Get, Injectable, Query } from '@nestjs/common';
import {
  type NotificationDetails,
  NotificationEndpoint,
  NotificationMetadata,
  NotificationPayload,
  OnNotification,
} from 'nestjs-oslo-messaging';

/** Event of a VNF. */
export interface Event {
  time: string | null;
  priority: string;
  publisher: string | null;
  type: string | null;
  vnf_id: string | null;
  state: string | null;
}

/** Latest events, in memory. */
@Injectable()
export class EventLog {
  static readonly MAX_EVENTS = 1000;
  readonly #events: Event[] = [];

  add(event: Event): void {
    this.#events.push(event);
    if (this.#events.length > EventLog.MAX_EVENTS) this.#events.shift();
  }

  /** Returns the events, oldest first: those of one VNF, or all. */
  list(vnfId?: string): Event[] {
    return this.#events.filter((event) => vnfId === undefined || event.vnf_id === vnfId);
  }
}

/** Records the notifications about VNFs. */
@NotificationEndpoint({ topics: ['notifications'] })
export class EventListener {
  constructor(private readonly log: EventLog) {}

  @OnNotification({ eventType: ['vnf.*', 'tour.*'] })
  record(
    @NotificationPayload() payload: { id?: string; state?: string } | null,
    @NotificationMetadata() { timestamp, priority, publisherId, eventType }: NotificationDetails,
  ): void {
    this.log.add({
      time: timestamp,
      priority,
      publisher: publisherId,
      type: eventType,
      vnf_id: payload?.id ?? null,
      state: payload?.state ?? null,
    });
  }
}

/** Returns the event log over HTTP. */
@Controller('events')
export class EventController {
  constructor(private readonly log: EventLog) {}

  @Get()
  list(@Query('vnf') vnfId?: string): Event[] {
    return this.log.list(vnfId);
  }
}
