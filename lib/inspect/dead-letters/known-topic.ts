import { MessageUndeliverable, oneLine } from '../../internal.js';
import { SUFFIX } from './death.js';

/** Maximum number of dead-letter queues that are named beside an unknown topic. */
const MAX_NAMED = 10;

/**
 * Refuses a topic, or a server of it, that the broker has no queue of: its name is mistyped, or it is at another broker. A
 * topic without dead letters may have no dead-letter queue, but it has queues.
 * @param isKnown resolves with true where the broker has a queue of it
 * @param all names of all queues; undefined where the management API was not asked
 * @throws MessageUndeliverable
 */
export async function assertKnown(
  { topic, server }: { readonly topic: string; readonly server: string | undefined },
  isKnown: () => boolean | Promise<boolean>,
  all: readonly string[] | undefined,
): Promise<void> {
  if (await isKnown()) return;
  const of = server === undefined ? '' : ` of the server ${JSON.stringify(oneLine(server, 100))}`;
  const name = JSON.stringify(oneLine(topic, 100));
  throw new MessageUndeliverable(
    `The broker has neither a queue nor dead letters${of} of the topic ${name}${othersText(all)}`,
  );
}

function othersText(all: readonly string[] | undefined): string {
  if (all === undefined) return '. The management API (--management-url) shows which there are';
  const dead = all.filter((name) => name.endsWith(SUFFIX)).sort();
  if (dead.length === 0) return '. It has no dead-letter queue at all';
  const more = dead.length > MAX_NAMED ? ' and others' : '';
  const names = dead.slice(0, MAX_NAMED).map((name) => oneLine(name, 100));
  return `. It has the dead-letter queues ${names.join(', ')}${more}`;
}
