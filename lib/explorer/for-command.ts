// @internal The entry of the command, without Nest.

import { BrokerSource, type BrokerSourceOptions } from './broker/broker-source.js';
import { Explorer } from './explorer.js';
import { type OwnServer, serve } from './http/own-server.js';

/** Options of {@link exploreBroker}. */
export interface ExploreOptions extends BrokerSourceOptions {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  readonly readOnly: boolean;
}

export type { OwnServer } from './http/own-server.js';

/** Serves the page of a broker. @throws ConfigurationError, InvalidTransportURL for wrong options; Error where the address cannot be listened on */
export function exploreBroker({ host, port, readOnly, ...options }: ExploreOptions): Promise<OwnServer> {
  const explorer = new Explorer(new BrokerSource(options), { readOnly, maxClients: 10 });
  return serve(explorer, host, port);
}
