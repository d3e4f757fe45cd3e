import type { ChannelModel } from 'amqplib';
import type { Settings } from '../../../core/settings.js';
import { settleWithin } from '../../../core/settle-within.js';
import type { TransportURL } from '../../../core/transport-url.js';
import { ConnectFailure } from '../connection/connect-failure.js';
import { attemptOf } from '../connection/connect-options.js';
import { Connector } from '../connection/connector.js';
import { Failover } from '../connection/failover.js';
import { Question } from '../connection/host-survey.js';
import { probeNode } from '../connection/probe-queue.js';

/** Time in milliseconds for a host to be connected to and to answer. */
const CHECK_MS = 3000;

const CONFIRMS_NOTHING =
  'it confirms nothing: the cluster may have lost its majority, or this node is cut off from the others';

/** Host that cannot be used. */
export interface HostFault {
  /** Host and port. */
  readonly address: string;
  readonly reason: string;
}

/** Connection to one of the hosts. */
export interface HostInUse {
  /** Host and port. */
  readonly address: string;
  readonly model: ChannelModel;
}

/**
 * Asks all hosts of a URL at the same time for what they cannot do without the majority of their cluster. Never rejects.
 * @param inUse host that needs no other connection, which a limit may forbid
 * @returns the hosts that cannot be connected to, or do not answer within 3 seconds
 */
export async function checkHosts(url: TransportURL, settings: Settings, inUse: HostInUse): Promise<HostFault[]> {
  const failover = new Failover(url.hosts, 'round-robin', settings.logger);
  const connector = new Connector(url, failover, settings, 'doctor', () => undefined);
  const faults = url.hosts.map(async (host): Promise<HostFault[]> => {
    const attempt = attemptOf(url, host, settings.rabbit);
    const { address } = attempt;
    const check =
      address === inUse.address ? checkModel(inUse.model) : reach((...step) => connector.probe(host, ...step));
    const thrown = await check;
    if (thrown === undefined) return [];
    if (typeof thrown === 'string') return [{ address, reason: thrown }];
    const { message } = ConnectFailure.of(attempt, thrown, false);
    return [{ address, reason: message.slice(`${address}: `.length) }];
  });
  return (await Promise.all(faults)).flat();
}

async function checkModel(model: ChannelModel): Promise<string | undefined> {
  return (await new Question(probeNode(model)).within(CHECK_MS)) ? undefined : CONFIRMS_NOTHING;
}

/** Resolves with the error of the connection, or with what is wrong with it; with undefined where the host answers. */
async function reach(
  probe: (signal: AbortSignal, onConnected: () => void) => Promise<void>,
): Promise<Error | string | undefined> {
  const end = new AbortController();
  let isConnected = false;
  let fault: Error | string | undefined = `no connection within ${CHECK_MS / 1000} s`;
  const probed = probe(end.signal, () => {
    isConnected = true;
  });
  const settled = probed.then(
    () => {
      fault = undefined;
    },
    (error: Error) => {
      fault = error;
    },
  );
  await settleWithin(settled, CHECK_MS);
  const found = fault;
  end.abort();
  return found !== undefined && isConnected ? CONFIRMS_NOTHING : found;
}
