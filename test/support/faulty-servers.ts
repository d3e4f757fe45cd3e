import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumeMessage } from 'amqplib';
import { isDenying } from '../../testkit/release.js';
import { type Members, RawReferenceServer } from './raw-reference-server.js';

/** Changes arguments, results and the request context. */
export class AlteredValues extends RawReferenceServer {
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

/** Checks neither requests nor arguments, and answers every call with a result. */
class NoChecks extends RawReferenceServer {
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

/** Accepts one spelling of the envelope, and one version. */
class StrictFormat extends RawReferenceServer {
  protected override decode(message: ConsumeMessage): Members | undefined {
    const known = /^\{"oslo\.version":"2\.0","oslo\.message":".*"\}$/s;
    return known.test(message.content.toString()) ? super.decode(message) : undefined;
  }

  protected override async execute(request: Members): Promise<unknown> {
    const { version = '1.5' } = request;
    return super.execute({ ...request, version: version === '1.5' ? version : '0.0' });
  }
}

/** Sends too many replies, in a wrong form, and executes duplicates. */
class WrongReplies extends RawReferenceServer {
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

/** Executes one request at a time, drops requests above a few, and drops undeliverable replies. */
class OneAtATime extends RawReferenceServer {
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

/** Executes no request after a body that it cannot read. */
class StopsAfterBadBody extends RawReferenceServer {
  private isServing = true;

  protected override decode(message: ConsumeMessage): Members | undefined {
    const request = super.decode(message);
    if (!request) this.isServing = false;
    return this.isServing ? request : undefined;
  }
}

/** Compares minor versions as text. */
class VersionsAsText extends RawReferenceServer {
  protected override isLater(requested: number, implemented: number): boolean {
    return String(requested) > String(implemented);
  }
}

/** Ignores the revision of a version. */
class IgnoresRevisions extends RawReferenceServer {
  protected override async execute(request: Members): Promise<unknown> {
    const version = /^\d+\.\d+/.exec(String(request['version']))?.[0];
    return super.execute(version === undefined ? request : { ...request, version });
  }
}

/** Acknowledges no request, with a prefetch. */
export class NeverAcknowledges extends RawReferenceServer {
  protected readonly prefetch: number = 100;

  protected override async begin(queue: string): Promise<void> {
    await this.channel.prefetch(this.prefetch);
    await this.channel.consume(queue, (message) => message && this.receive(message), { noAck: false });
  }
}

/** Declares exclusive queues. */
export class ExclusiveQueues extends RawReferenceServer {
  protected override readonly queueOptions = { durable: false, exclusive: true };
}

/** Consumes from wrong queues, under changing names, and executes a request twice. */
class WrongQueues extends RawReferenceServer {
  private answers = 0;

  override async listen(): Promise<void> {
    await this.channel.assertExchange('tacker', 'topic', { durable: isDenying });
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

/** A faulty server, and the checks that must fail. */
export interface FaultyServer {
  readonly server: typeof RawReferenceServer;
  readonly fails: readonly string[];
}

export const faultyServers: readonly FaultyServer[] = [
  {
    server: AlteredValues,
    fails: [
      ...['echo-json', 'echo-integers', 'echo-unicode', 'echo-hostile-keys', 'echo-1-mib', 'no-arguments'],
      ...['null-result', 'nan-result', 'context', 'context-separate'],
    ],
  },
  {
    server: NoChecks,
    fails: [
      ...['version-unsupported', 'version-malformed', 'namespace', 'namespace-separate', 'namespace-unknown'],
      ...['unknown-method', 'private-method', 'hostile-method', 'missing-argument', 'ping'],
      ...['builtin-exception', 'module-exception', 'expected-exception', 'traceback', 'failure-members'],
      ...['unknown-envelope', 'malformed-request'],
    ],
  },
  { server: StrictFormat, fails: ['version-compatible', 'no-envelope', 'unknown-members', 'compressed'] },
  {
    server: WrongReplies,
    fails: [
      ...['duplicate-cast', 'duplicate-call', 'no-heartbeats', 'odd-timeouts', 'heartbeats'],
      ...['reply-properties', 'reply-envelope', 'reply-members', 'one-reply'],
    ],
  },
  { server: OneAtATime, fails: ['calls-at-once', 'slow-overlap', 'absent-reply-queue'] },
  { server: VersionsAsText, fails: ['version-numbers'] },
  { server: IgnoresRevisions, fails: ['version-revision'] },
  { server: NeverAcknowledges, fails: ['acknowledged'] },
  { server: StopsAfterBadBody, fails: ['unreadable-body'] },
  {
    server: WrongQueues,
    fails: ['queues', 'fanout-exchange', 'call-topic', 'call-server', 'unknown-server', 'cast', 'fanout'],
  },
];
