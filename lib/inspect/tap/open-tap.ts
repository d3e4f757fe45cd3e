import {
  ConfigurationError,
  ManagementApi,
  normalizeOptions,
  type OsloMessagingOptions,
  parseTransportUrl,
  toMilliseconds,
  withUrlOptions,
} from '../../internal.js';
import { RunningTap } from './running-tap.js';
import type { Tap } from './tap.js';
import type { TapOptions } from './tap-options.js';
import { VhostTracing } from './vhost-tracing.js';

/**
 * Opens a tap on the traffic of a topic.
 * @throws ConfigurationError for options that contradict each other, MessageDeliveryFailure when the broker cannot be reached,
 * TapRefused when a permission is missing or tracing cannot be turned on
 */
export async function openTap(options: TapOptions): Promise<Tap> {
  const { filter, replies = false, timeout = '60s', broker } = options;
  if (!replies && (filter?.errorsOnly || filter?.slowerThan !== undefined))
    throw new ConfigurationError('Errors and durations are known with replies only: set replies to true');
  const { settings, url, api } = brokerOf(broker);
  const tap = new RunningTap(options, toMilliseconds(timeout, 'timeout'), settings, url, api);
  try {
    await tap.open();
    return tap;
  } catch (error) {
    await tap.close().catch(() => undefined);
    throw error;
  }
}

/**
 * Turns off tracing that a killed tap has left on. Returns false, and leaves it on, where a tap is using it.
 * @param broker options with `rabbit.managementUrl`
 * @throws ConfigurationError without a URL of the management API, TapRefused when the API refuses
 */
export async function turnOffTracing(broker: OsloMessagingOptions): Promise<boolean> {
  const { api } = brokerOf(broker);
  if (!api) throw new ConfigurationError('Tracing can be turned off by the management API only: give its URL');
  const tracing = new VhostTracing(api);
  const { isOwned, isRead } = await tracing.marks();
  if (isOwned || isRead) return false;
  await tracing.turn(false);
  return true;
}

function brokerOf(broker: OsloMessagingOptions) {
  const given = normalizeOptions(broker);
  const url = parseTransportUrl(given.transportUrl.expose());
  if (url.scheme === 'memory' || url.scheme === 'fake')
    throw new ConfigurationError(`${url.scheme}:// stays within one process, so that it has no traffic to tap`);
  const settings = withUrlOptions(given, url);
  const { managementUrl } = settings.rabbit;
  return { settings, url, api: managementUrl && new ManagementApi(managementUrl, url, settings) };
}
