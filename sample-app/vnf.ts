import { RemoteException } from 'nestjs-oslo-messaging';

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
