import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** Events of a message. A caller records the first group, a server the second, any process the last. */
export const EVENTS = {
  called: 'C',
  answered: 'A',
  wrong: 'W',
  cast: 'N',
  confirmed: 'Y',
  failed: 'F',
  late: 'L',
  began: 'B',
  finished: 'D',
  unhandled: 'U',
} as const;
export type EventName = keyof typeof EVENTS;

export interface Entry {
  readonly event: EventName;
  /** Wall-clock time in milliseconds. */
  readonly at: number;
  readonly id: string;
  readonly detail: string;
}

const NAMES = new Map(Object.entries(EVENTS).map(([name, letter]) => [letter as string, name as EventName]));

/** Events of one process, one per line, in a file. Written lines survive when the process is killed. */
export class Journal {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  note(event: EventName, id: string, detail = ''): void {
    writeSync(this.#file, `${EVENTS[event]} ${Date.now()} ${id} ${detail.replace(/\s+/g, ' ')}\n`);
  }
}

/** Reads a journal while it grows. */
export class JournalReader {
  readonly #file: number;
  readonly #chunk = Buffer.alloc(1 << 16);
  #rest = '';

  constructor(path: string) {
    this.#file = openSync(path, 'a+');
  }

  /** Yields the entries written since the last read. */
  *read(): Generator<Entry> {
    for (;;) {
      const length = readSync(this.#file, this.#chunk, 0, this.#chunk.length, null);
      if (length === 0) return;
      const lines = (this.#rest + this.#chunk.toString('latin1', 0, length)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) yield parse(line);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

function parse(line: string): Entry {
  const [letter = '', at = '', id = '', ...detail] = line.split(' ');
  const event = NAMES.get(letter);
  if (!event) throw new Error(`A journal has a line that is none: ${line}`);
  return { event, at: Number(at), id, detail: detail.join(' ') };
}
