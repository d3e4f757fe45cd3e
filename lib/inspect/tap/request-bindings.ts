import type { Receivers } from './receivers.js';
import type { TapBindings } from './tap-bindings.js';
import type { TapChannel } from './tap-channel.js';
import type { TapBinding } from './tap-plan.js';
import type { WatchedTopic } from './watched-topic.js';

/** Maximum number of keys in a notice. */
const MAX_NAMED = 3;

/** Bindings for requests: they come and go with the queues of servers. */
export class RequestBindings implements TapBindings {
  private channel: TapChannel | undefined;
  private last: Promise<void> = Promise.resolve();
  private readonly all = new Map<string, TapBinding>();

  constructor(
    private readonly watched: WatchedTopic,
    private readonly receivers: Receivers,
    private readonly notice: (line: string) => void,
  ) {}

  get bound(): Iterable<TapBinding> {
    return this.all.values();
  }

  follow(channel: TapChannel): Promise<void> {
    this.last = this.last.catch(() => undefined).then(() => this.update(channel));
    return this.last;
  }

  private async update(channel: TapChannel): Promise<void> {
    const isNew = this.channel !== channel;
    if (isNew) this.all.clear();
    this.channel = channel;
    const wanted = new Map((await this.receivers.find(channel)).map((binding) => [idOf(binding), binding]));
    const gone: string[] = [];
    for (const [id, binding] of this.all) {
      if (wanted.has(id)) continue;
      await channel.unbind(binding.exchange, binding.key);
      this.all.delete(id);
      gone.push(id);
    }
    // Binds again what is bound: an exchange may have been deleted and declared meanwhile.
    for (const binding of await channel.bindExisting([...wanted.values()])) this.all.set(idOf(binding), binding);
    if (gone.length > 0) this.notice(`No queue takes ${listOf(gone)} any more, so that the tap does not either`);
    // Of a topic on another exchange, the fanouts are here all the same.
    else if (isNew && [...this.all.values()].every(({ exchange }) => exchange !== this.watched.exchange))
      this.notice(
        `No queue takes requests to the topic "${this.watched.topic}" on the exchange "${this.watched.exchange}" yet; waiting for one`,
      );
  }
}

/** Returns the exchange and key of a binding for people. */
function idOf({ exchange, key }: TapBinding): string {
  return key === '' ? `fanouts on "${exchange}"` : `requests to "${key}" on "${exchange}"`;
}

function listOf(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return names.slice(0, MAX_NAMED).join(', ') + (more > 0 ? `, and ${more} more` : '');
}
