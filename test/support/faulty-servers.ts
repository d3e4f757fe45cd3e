import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumeMessage } from 'amqplib';
import { type Members, RawReferenceServer } from './raw-reference-server.js';

/** Bends every value that goes through it. */
export class Forgetful extends RawReferenceServer {
  private lastUser: unknown;

  protected override parse(text: string): unknown {
    return JSON.parse(text);
  }

  protected override async invoke(method: string, args: Members, request: Members): Promise<unknown> {
    switch (method) {
      case 'echo': {
        const echoed: Members = {};
        for (const [name, value] of Object.entries(args)) {
          if (value !== null)
            echoed[name] = typeof value === 'string' ? value.slice(0, 1000).replace(/\p{C}/gu, '') : value;
        }
        return Object.keys(args).length > 0 ? echoed : null;
      }
      case 'nothing':
        return {};
      case 'nan':
        return 'NaN';
      case 'context': {
        const seen = { user_id: this.lastUser, is_admin: true };
        this.lastUser = request['_context_user_id'];
        return seen;
      }
      default:
        return super.invoke(method, args, request);
    }
  }
}

/** Takes everything for a good request, and succeeds in all. */
class Credulous extends RawReferenceServer {
  protected override decode({ content }: ConsumeMessage): Members {
    const body = JSON.parse(content.toString()) as Members;
    return JSON.parse(String(body['oslo.message'])) as Members;
  }

  protected override async execute(request: Members): Promise<unknown> {
    const { method, args } = request;
    const known = ['about', 'echo', 'count', 'counted'].includes(String(method));
    return known ? this.invoke(String(method), args as Members, request) : 'as you like it';
  }
}

/** Refuses what is not exactly as it knows it. */
class Pedantic extends RawReferenceServer {
  protected override decode(message: ConsumeMessage): Members | undefined {
    const known = /^\{"oslo\.version":"2\.0","oslo\.message":".*"\}$/s;
    return known.test(message.content.toString()) ? super.decode(message) : undefined;
  }

  protected override async execute(request: Members): Promise<unknown> {
    const { version = '1.5' } = request;
    return super.execute({ ...request, version: version === '1.5' ? version : '0.0' });
  }
}

/** Replies too often, and not in the form of a reply; executes what it has seen before. */
class Careless extends RawReferenceServer {
  protected override isDuplicate(): boolean {
    return false;
  }

  protected override async serve(request: Members): Promise<void> {
    const { method } = request;
    if (method === 'slow') this.reply(request, { ending: false });
    await super.serve(request);
    if (method === 'echo') this.reply(request, { note: 'as I said' });
    if (method === 'slow') this.reply(request, { ending: false });
  }

  protected override reply(request: Members, members: Members): void {
    super.reply(request, { ...members, _unique_id: 'the same' });
  }

  protected override publish(queue: string, body: string): void {
    const { 'oslo.message': text } = JSON.parse(body) as Members;
    super.publish(queue, String(text), 'text/plain');
  }
}

/** Does one thing at a time, forgets what waits too long, and gives up a reply that cannot be delivered. */
class Overworked extends RawReferenceServer {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  protected override async serve(request: Members): Promise<void> {
    if (this.waiting > 4) return;
    this.waiting++;
    this.last = this.last.then(() => super.serve(request));
    await this.last;
    this.waiting--;
  }

  protected override async invoke(method: string, args: Members, request: Members): Promise<unknown> {
    if (method === 'add') await sleep(200);
    return super.invoke(method, args, request);
  }

  protected override undeliverable(): void {}
}

/** Never listens again after a body that it cannot read. */
class Mortal extends RawReferenceServer {
  private alive = true;

  protected override decode(message: ConsumeMessage): Members | undefined {
    const request = super.decode(message);
    if (!request) this.alive = false;
    return this.alive ? request : undefined;
  }
}

/** Compares the minors of versions as texts. */
class Lexical extends RawReferenceServer {
  protected override isLater(requested: number, implemented: number): boolean {
    return String(requested) > String(implemented);
  }
}

/** Takes a revision for nothing. */
class Revisionless extends RawReferenceServer {
  protected override async execute(request: Members): Promise<unknown> {
    const version = /^\d+\.\d+/.exec(String(request['version']))?.[0];
    return super.execute(version === undefined ? request : { ...request, version });
  }
}

/** Acknowledges nothing, and has room for so many. */
export class Hoarding extends RawReferenceServer {
  protected readonly room: number = 100;

  protected override async begin(queue: string): Promise<void> {
    await this.channel.prefetch(this.room);
    await this.channel.consume(queue, (message) => message && this.receive(message), { noAck: false });
  }
}

/** Keeps its queues to its own connection. */
export class Exclusive extends RawReferenceServer {
  protected override readonly queueOptions = { durable: false, exclusive: true };
}

/** Listens in the wrong places, under changing names, and counts twice. */
class Misplaced extends RawReferenceServer {
  private answers = 0;

  override async listen(): Promise<void> {
    await this.channel.assertExchange('tacker', 'topic', { durable: false });
    await this.consume(`${this.topic}_all`, 'tacker', `${this.topic}.*`);
  }

  protected override async invoke(method: string, args: Members, request: Members): Promise<unknown> {
    const result = await super.invoke(method, args, request);
    if (method === 'about') return { ...(result as object), server: `${this.server}${this.answers++ || ''}` };
    return result;
  }

  protected override count(key: string): null {
    super.count(key);
    return super.count(key);
  }
}

/** A server that is wrong, and the checks that must notice. */
export interface FaultyServer {
  readonly server: typeof RawReferenceServer;
  readonly fails: readonly string[];
}

export const faultyServers: readonly FaultyServer[] = [
  {
    server: Forgetful,
    fails: [
      ...['echo-json', 'echo-integers', 'echo-unicode', 'echo-hostile-keys', 'echo-1-mib', 'no-arguments'],
      ...['null-result', 'nan-result', 'context', 'context-separate'],
    ],
  },
  {
    server: Credulous,
    fails: [
      ...['version-unsupported', 'version-malformed', 'namespace', 'namespace-separate', 'namespace-unknown'],
      ...['unknown-method', 'private-method', 'hostile-method', 'missing-argument', 'ping'],
      ...['builtin-exception', 'module-exception', 'expected-exception', 'traceback', 'failure-members'],
      ...['unknown-envelope', 'malformed-request'],
    ],
  },
  { server: Pedantic, fails: ['version-compatible', 'no-envelope', 'unknown-members', 'compressed'] },
  {
    server: Careless,
    fails: [
      ...['duplicate-cast', 'duplicate-call', 'no-heartbeats', 'odd-timeouts', 'heartbeats'],
      ...['reply-properties', 'reply-envelope', 'reply-members', 'one-reply'],
    ],
  },
  { server: Overworked, fails: ['calls-at-once', 'slow-overlap', 'absent-reply-queue'] },
  { server: Lexical, fails: ['version-numbers'] },
  { server: Revisionless, fails: ['version-revision'] },
  { server: Hoarding, fails: ['acknowledged'] },
  { server: Mortal, fails: ['unreadable-body'] },
  {
    server: Misplaced,
    fails: ['queues', 'fanout-exchange', 'call-topic', 'call-server', 'unknown-server', 'cast', 'fanout'],
  },
];
