import { RemoteException, Target } from 'nestjs-oslo-messaging';

export const CONDUCTOR_TOPIC = 'TACKER_CONDUCTOR';
export const AGENT_TOPIC = 'tacker_agent';

/** Target of the conductor. */
export const CONDUCTOR = new Target({ topic: CONDUCTOR_TOPIC, version: '1.0' });
/** Target of the agents: any of them. `prepare({ server })` selects one, `prepare({ fanout: true })` all. */
export const AGENTS = new Target({ topic: AGENT_TOPIC, version: '1.0' });

export type VnfState = 'INSTANTIATING' | 'ACTIVE' | 'HEALING' | 'SCALING' | 'TERMINATING' | 'TERMINATED' | 'ERROR';

/** Virtual network function in its form on the wire. Keys are in snake case, as in Python. */
export interface Vnf {
  id: string;
  name: string;
  state: VnfState;
  instances: number;
  /** Host of the agent that runs it; null before one does. */
  host: string | null;
}

/** Error that travels as `tacker.common.exceptions.VnfNotFound`. The caller gets an instance of this class. */
@RemoteException({ module: 'tacker.common.exceptions', class: 'VnfNotFound' })
export class VnfNotFound extends Error {
  override readonly name = 'VnfNotFound';
}
