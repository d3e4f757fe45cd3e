import { call, cast, defineRpcApi } from 'nestjs-oslo-messaging';

export interface AgentReport {
  host: string;
  vnfs: string[];
  /** Name of the last inventory; null before the first. */
  inventory: string | null;
}

/** RPC API of the agents: any of them answers, unless the request names a `server`. */
export const agentApi = defineRpcApi({
  topic: 'tacker_agent',
  version: '1.0',
  methods: {
    /** Returns the host of the agent. */
    deploy: call<{ vnf_id: string }, string>(),
    remove: call<{ vnf_id: string }, void>(),
    report: call<Record<never, never>, AgentReport>(),
    /** Goes to all agents. */
    takeInventory: cast<{ name: string }>({ name: 'take_inventory', fanout: true }),
  },
});
