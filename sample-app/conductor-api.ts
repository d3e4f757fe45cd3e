import { call, cast, defineRpcApi, type RpcApiClient } from 'nestjs-oslo-messaging';
import type { Vnf } from './vnf.js';

/** RPC API of the conductor. Its clients, its endpoint and the tests take names, types and versions from here. */
export const conductorApi = defineRpcApi({
  topic: 'TACKER_CONDUCTOR',
  version: '1.1',
  methods: {
    get: call<{ vnf_id: string }, Vnf>(),
    instantiate: cast<{ vnf_id: string; name: string }>(),
    heal: cast<{ vnf_id: string }>(),
    scale: cast<{ vnf_id: string; instances: number }>(),
    terminate: cast<{ vnf_id: string }>(),
    /** Answers after that time, for the timeout in the tour. */
    slow: call<{ seconds: number }, string>(),
    /** Newer than the others: a client that is capped to 1.0 does not have it. */
    list: call<Record<never, never>, Vnf[], '1.1'>({ since: '1.1' }),
  },
});

/** Client of the conductor. While conductors of 1.0 still run, the compiler hides newer methods, and the client refuses them. */
export type CappedConductor = RpcApiClient<typeof conductorApi, '1.0'>;
