import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DatabaseError, Pool } from 'pg';

/** Row of the table. */
export interface EventRow {
  message_id: string;
  priority: string;
  event_type: string | null;
  publisher_id: string | null;
  published_at: string | null;
  request_id: string | null;
  payload: unknown;
}

// json, not jsonb: jsonb refuses "\u0000", and one such notification would fail the whole batch again and again. For the
// same reason the payload travels as a text within the JSON of the rows, which PostgreSQL decodes.
const TABLE = `
  create table if not exists events (
    message_id text primary key,
    priority text not null,
    event_type text,
    publisher_id text,
    published_at timestamp,
    request_id text,
    payload json
  )`;
const INSERT = `
  insert into events
  select message_id, priority, event_type, publisher_id, published_at, request_id, payload::json
  from json_to_recordset($1) as rows (message_id text, priority text, event_type text, publisher_id text,
    published_at timestamp, request_id text, payload text)
  on conflict (message_id) do nothing`;
const RETRY_DELAY_MS = 100;
const MAX_WAIT_MS = 60_000;

/** Table of the events that arrived as notifications. */
@Injectable()
export class EventTable implements OnModuleInit, OnApplicationShutdown {
  private readonly log = new Logger(EventTable.name);
  private readonly pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 });
  private isAway = false;

  constructor() {
    // An idle connection was lost. The next statement says so, too.
    this.pool.on('error', () => undefined);
  }

  async onModuleInit(): Promise<void> {
    await this.pool.query(TABLE);
  }

  // Runs after the server has finished its batches.
  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }

  /** Inserts the rows that are not there yet, in one statement. Returns their number. */
  async insert(rows: readonly EventRow[]): Promise<number> {
    const texts = rows.map((row) => ({ ...row, payload: JSON.stringify(row.payload, writable) }));
    const { rowCount } = await this.pool.query(INSERT, [JSON.stringify(texts)]);
    return rowCount ?? 0;
  }

  /** Waits until the database answers, for a minute at most, or until the signal. */
  async untilBack(signal: AbortSignal): Promise<void> {
    if (!this.isAway) this.log.warn('The database is away');
    this.isAway = true;
    const end = performance.now() + MAX_WAIT_MS;
    while (!signal.aborted && performance.now() < end) {
      if (await this.answers()) {
        if (this.isAway) this.log.warn('The database is back');
        this.isAway = false;
        return;
      }
      await delay(RETRY_DELAY_MS);
    }
  }

  private answers(): Promise<boolean> {
    return this.pool.query('select 1').then(
      () => true,
      () => false,
    );
  }
}

/** Returns false for an error of the statement itself, which would fail again. */
export function isOutage(error: unknown): boolean {
  // Classes of SQLSTATE: connection, resources, intervention of the operator (a shutdown or a start).
  return !(error instanceof DatabaseError) || /^(08|53|57)/.test(error.code ?? '');
}

/** Replacer for JSON. Integers beyond 2^53 arrive as bigint. */
function writable(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
