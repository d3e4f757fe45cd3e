import { type NodeStatus, toError } from '../../../internal.js';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';

const WHY = 'Nothing that is published arrives: calls and casts end with MessageDeliveryFailure, replies are held back';
const CURE = {
  memory:
    'Free memory on the node, drain the longest queues, or raise vm_memory_high_watermark: rabbitmqctl status, rabbitmqctl list_queues name messages memory',
  disk: 'Free space on the disk of the node, or lower disk_free_limit: rabbitmqctl status',
};

/** Looks for alarms of memory and disk, by a connection that publishes and by the nodes. */
export const alarmCheck: Check = {
  name: 'alarms',
  needs: 'broker',
  async run(scene) {
    const [alarm, nodes] = await Promise.all([scene.alarm(), scene.management?.nodes().catch(toError)]);
    const findings = Array.isArray(nodes) ? nodes.flatMap(findingsOf) : [];
    if (alarm === undefined || findings.some(({ state }) => state === 'alarmed')) return findings;
    const cure = /disk/i.test(alarm) ? CURE.disk : CURE.memory;
    const finding: Finding = {
      kind: 'broker',
      name: scene.reading.address,
      state: 'alarmed',
      text: alarm,
      why: WHY,
      cure,
    };
    return [...findings, finding];
  },
};

function findingsOf(node: NodeStatus): Finding[] {
  const { name, memoryUsed, memoryLimit, diskFree, diskLimit, partitions } = node;
  const about = (text: string, cure: string, why = WHY, state: Finding['state'] = 'alarmed'): Finding => {
    return { kind: 'broker', name, state, text, why, cure };
  };
  return [
    ...(node.isRunning
      ? []
      : [
          about(
            'the node is down',
            `Start it: its quorum queues have one member less`,
            'Its classic queues are out of reach',
            'unavailable',
          ),
        ]),
    ...(node.memoryAlarm
      ? [about(`memory alarm: it uses ${megabytes(memoryUsed)} of ${megabytes(memoryLimit)}`, CURE.memory)]
      : []),
    ...(node.diskAlarm
      ? [about(`disk alarm: ${megabytes(diskFree)} are free, it wants ${megabytes(diskLimit)}`, CURE.disk)]
      : []),
    ...(partitions.length > 0
      ? [
          about(
            `it does not reach ${partitions.join(', ')}`,
            'Repair the network between the nodes, then restart those that are cut off',
            'Both sides go on by themselves: requests and replies are lost between them',
            'unavailable',
          ),
        ]
      : []),
  ];
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e5) / 10} MB`;
}
