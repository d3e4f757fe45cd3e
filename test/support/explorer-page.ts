import { request as httpRequest, type IncomingMessage } from 'node:http';
import { CSRF_HEADER, type ExplorerEvents, ROUTES, type Session, type Snapshot } from '../../lib/explorer/protocol.js';
import { eventually } from './eventually.js';

/** Answer of an explorer. */
export interface PageAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Event of the stream, with its name. */
export type PageEvent = {
  readonly [Name in keyof ExplorerEvents]: { readonly name: Name; readonly data: ExplorerEvents[Name] };
}[keyof ExplorerEvents];

/** Page that asks an explorer as a browser does. */
export class ExplorerClient {
  /** Events that have come, in their order. */
  readonly events: PageEvent[] = [];
  /** Everything that the explorer has sent, headers included. */
  readonly received: string[] = [];
  private cookie: string | undefined;
  private streams: IncomingMessage[] = [];

  /** @param base address of the page, with the slash at its end */
  constructor(readonly base: string) {}

  /** Sends a request below the page. */
  ask(path: string, { method = 'GET', headers = {}, body }: AskOptions = {}): Promise<PageAnswer> {
    return new Promise((resolve, reject) => {
      const all = { ...(this.cookie !== undefined && { cookie: this.cookie }), ...headers };
      const sent = httpRequest(new URL(path, this.base), { method, headers: all, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject).on('end', () => {
          const [cookie] = response.headers['set-cookie'] ?? [];
          if (cookie !== undefined) this.cookie = cookie.split(';')[0];
          this.received.push(JSON.stringify(response.headers), text);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      sent.on('error', reject).end(body);
    });
  }

  /** Returns the JSON of a route. */
  async json<T>(path: string): Promise<T> {
    return JSON.parse((await this.ask(path)).text) as T;
  }

  /** Returns the state. */
  snapshot(): Promise<Snapshot> {
    return this.json<Snapshot>(ROUTES.snapshot);
  }

  /** Sends JSON with the token of a session. */
  async post(path: string, value: unknown, headers: Readonly<Record<string, string>> = {}): Promise<PageAnswer> {
    const { csrfToken } = await this.json<Session>(ROUTES.session);
    return this.ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [CSRF_HEADER]: csrfToken, ...headers },
      body: JSON.stringify(value),
    });
  }

  /** Begins to read the events. Resolves when the stream is open. */
  open(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(new URL(ROUTES.events, this.base), { agent: false }, (response) => {
        this.streams.push(response);
        let rest = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          this.received.push(chunk);
          const blocks = `${rest}${chunk}`.split('\n\n');
          rest = blocks.pop() ?? '';
          for (const block of blocks) this.read(block);
        });
        response.on('error', () => undefined);
        resolve(response);
      });
      sent.on('error', reject).end();
    });
  }

  /** Waits for an event. */
  async event<Name extends PageEvent['name']>(
    name: Name,
    fits: (data: ExplorerEvents[Name]) => boolean = () => true,
  ): Promise<ExplorerEvents[Name]> {
    let found: ExplorerEvents[Name] | undefined;
    await eventually(() => {
      const event = this.events.find((one) => one.name === name && fits(one.data as ExplorerEvents[Name]));
      if (event === undefined) throw new Error(`no event ${name} fits, of ${this.events.length}`);
      found = event.data as ExplorerEvents[Name];
    });
    return found as ExplorerEvents[Name];
  }

  /** Ends the streams. */
  close(): void {
    for (const stream of this.streams.splice(0)) stream.destroy();
  }

  private read(block: string): void {
    const lines = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line] as const));
    const [name, data] = [lines.get('event')?.slice(7), lines.get('data')?.slice(6)];
    if (name !== undefined && data !== undefined) this.events.push({ name, data: JSON.parse(data) } as PageEvent);
  }
}

interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
