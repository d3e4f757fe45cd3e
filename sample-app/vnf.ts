import { RemoteException, Target } from 'nestjs-oslo-messaging';

export const CONDUCTOR_TOPIC = 'TACKER_CONDUCTOR';
export const AGENT_TOPIC = 'tacker_agent';

/** Where the conductor listens. */
export const CONDUCTOR = new Target({ topic: CONDUCTOR_TOPIC, version: '1.0' });
/** Where all agents listen; `prepare({ server })` narrows it to one, `prepare({ fanout: true })` reaches each. */
export const AGENTS = new Target({ topic: AGENT_TOPIC, version: '1.0' });

export type VnfState = 'INSTANTIATING' | 'ACTIVE' | 'HEALING' | 'SCALING' | 'TERMINATING' | 'TERMINATED' | 'ERROR';

/** A virtual network function, as it travels: keys are spelt as in Python. */
export interface Vnf {
  id: string;
  name: string;
  state: VnfState;
  instances: number;
  /** The agent that runs it. */
  host: string | null;
}

/** Travels as `tacker.common.exceptions.VnfNotFound` and is rebuilt as this class at the caller. */
@RemoteException({ module: 'tacker.common.exceptions', class: 'VnfNotFound' })
export class VnfNotFound extends Error {
  override readonly name = 'VnfNotFound';
}
