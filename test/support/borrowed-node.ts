import type { RabbitOptions } from '../../testkit/rabbit-files.js';
import { RabbitNode } from '../../testkit/rabbit-node.js';
import { RabbitReset } from '../../testkit/rabbit-reset.js';

/** Nodes of this worker that no file uses. They live as long as the worker: a start takes longer than most files. */
const idle: RabbitNode[] = [];
const resets = new WeakMap<RabbitNode, RabbitReset>();

/** Tests wait for statistics, which a node collects every five seconds by default. */
const OPTIONS: RabbitOptions = { plugins: ['rabbitmq_management'], config: ['collect_statistics_interval = 1000'] };

/**
 * Lends a node with the management plugin, as it was after its start. Only the borrower uses it, and may alarm, configure,
 * kill and restart it until {@link returnNode}. A test that needs another configuration file starts a node of its own.
 */
export async function borrowNode(): Promise<RabbitNode> {
  const ready = idle.pop();
  if (ready) return ready;
  const node = await RabbitNode.start(OPTIONS);
  resets.set(node, await RabbitReset.note(node.control));
  return node;
}

/** Resets a borrowed node for the next file. */
export async function returnNode(node: RabbitNode | undefined): Promise<void> {
  if (!node) return;
  try {
    if (!node.running) await node.restart();
    await resets.get(node)?.run();
    idle.push(node);
  } catch (error) {
    // The file has passed or failed by now. The next one gets another node.
    console.warn('A borrowed node cannot be used again:', error);
    await node.stop();
  }
}
