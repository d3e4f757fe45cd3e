import type { Deadline } from '../core/deadline.js';
import type { LogSink } from '../core/logger.js';
import type { Announcement, NotifierDriver } from '../core/notification-driver.js';
import type { RoutingConfig } from '../core/routing-config.js';
import { ConfigFile } from './config-file.js';
import { allDone } from './notifier-driver.js';
import { RoutingTable } from './routing-table.js';

/** Sends a notification by the drivers that the rules select. Source: oslo_messaging.notify._impl_routing. */
export class RoutingDriver implements NotifierDriver {
  private readonly table: (deadline: Deadline) => Promise<RoutingTable>;

  /**
   * @param routing rules, or the path of a YAML or JSON file with rules
   * @throws ConfigurationError for wrong rules, or a file that does not exist
   */
  constructor(
    routing: string | RoutingConfig,
    private readonly drivers: ReadonlyMap<string, NotifierDriver>,
    logger: LogSink,
  ) {
    const compile = (config: unknown, name: string) => new RoutingTable(config, name, [...drivers.keys()]);
    if (typeof routing === 'string') {
      const file = new ConfigFile(routing, (content) => compile(content, routing), logger);
      this.table = (deadline) => file.current(deadline);
    } else {
      const table = compile(routing, 'notificationRouting');
      this.table = async () => table;
    }
  }

  /** Sends by the selected drivers. @throws the errors of the drivers; ConfigurationError when the rules could not be read before the deadline */
  async notify(announcement: Announcement): Promise<void> {
    const { eventType, priority } = announcement.notification;
    const names = (await this.table(announcement.deadline)).driversFor(eventType ?? '', priority);
    await allDone([...names].flatMap((name) => this.drivers.get(name)?.notify(announcement) ?? []));
  }
}
