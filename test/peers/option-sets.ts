/** Options of both languages, as the query of a transport URL. */
export interface OptionSet {
  readonly query: string;
  /** Further options that newer Python releases need. @default '' */
  readonly alsoInPython?: string;
  /** True for an option that Python does not have. @default false */
  readonly oursOnly?: boolean;
}

export const optionSets: readonly OptionSet[] = [
  { query: '' },
  { query: 'profile=classic', oursOnly: true },
  { query: 'profile=rabbitmq-4', oursOnly: true },
  { query: 'amqp_durable_queues=true' },
  { query: 'amqp_auto_delete=true' },
  { query: 'rabbit_ha_queues=true' },
  { query: 'rabbit_quorum_queue=true' },
  { query: 'rabbit_transient_quorum_queue=true' },
  { query: 'amqp_durable_queues=true&rabbit_transient_quorum_queue=true' },
  { query: 'rabbit_quorum_queue=true&rabbit_transient_quorum_queue=true' },
  {
    query: 'rabbit_quorum_queue=true&rabbit_transient_quorum_queue=true&rabbit_stream_fanout=true',
    alsoInPython: 'rabbit_qos_prefetch_count=10',
  },
  { query: 'rabbit_quorum_queue=true&rabbit_transient_quorum_queue=true&use_queue_manager=true' },
];
