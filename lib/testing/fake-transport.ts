import { Counters, normalizeOptions, type ServerInfo, Transport } from '../internal.js';
import { ALL_MODULES } from './entry.js';
import { FakeDriver, type FakeDriverParts } from './fake-driver.js';
import { MAX_RECORDS, Recorder } from './recorder.js';

/** Time that a call of a fake waits, where no timeout is given, in seconds. With a timeout, a client does not back off. */
export const TIMEOUT_SECONDS = 60;

/** Transport of a fake client, whose requests are answered by functions and recorded. */
export interface FakeTransport {
  readonly transport: Transport;
  readonly driver: FakeDriver;
  readonly recorder: Recorder;
}

/**
 * Makes the transport of a fake client.
 * @param allowedRemoteExmods Python modules whose registered exceptions reach the caller as their classes. Default: all
 * @param info answer to discovery. Default: discovery is an unknown method
 */
export function fakeTransport(
  handlers: FakeDriverParts['handlers'],
  allowedRemoteExmods: readonly string[] | undefined,
  info?: ServerInfo,
): FakeTransport {
  const settings = normalizeOptions({ transportUrl: 'memory://' });
  const recorder = new Recorder(MAX_RECORDS);
  const driver = new FakeDriver({
    settings,
    counters: new Counters(),
    recorder,
    handlers,
    allowedModules: allowedRemoteExmods ? new Set(allowedRemoteExmods) : ALL_MODULES,
    info,
  });
  return { transport: Transport.over(settings, driver), driver, recorder };
}
