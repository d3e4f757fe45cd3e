import { Controller, Get, Injectable, Query } from '@nestjs/common';
import {
  type NotificationDetails,
  NotificationEndpoint,
  NotificationMetadata,
  NotificationPayload,
  OnNotification,
} from 'nestjs-oslo-messaging';

/** One thing that happened. */
export interface Event {
  time: string | null;
  priority: string;
  publisher: string | null;
  type: string | null;
  vnf_id: string | null;
  state: string | null;
}

/** The last events, in memory. */
@Injectable()
export class EventLog {
  static readonly LONGEST = 1000;
  readonly #events: Event[] = [];

  add(event: Event): void {
    this.#events.push(event);
    if (this.#events.length > EventLog.LONGEST) this.#events.shift();
  }

  /** The oldest first; of one VNF, where an identifier is given. */
  list(vnfId?: string): Event[] {
    return this.#events.filter((event) => vnfId === undefined || event.vnf_id === vnfId);
  }
}

/** Listens to what the conductor, or whoever else works on VNFs, announces. */
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

/** Shows the log: all of it, or that of one VNF. */
@Controller('events')
export class EventController {
  constructor(private readonly log: EventLog) {}

  @Get()
  list(@Query('vnf') vnfId?: string): Event[] {
    return this.log.list(vnfId);
  }
}
