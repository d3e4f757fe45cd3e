/** Arguments of a call. */
export type Args = Record<string, unknown>;

/** Arguments of about 200 bytes of JSON, as services send them: identifiers, a number, a flag, a list. */
export const payload: Args = {
  instance_id: '6f1b9c52-9a0e-4c55-8a0d-2f6d3a1f7b10',
  name: 'web-frontend-03',
  action: 'scale_out',
  attempt: 3,
  dry_run: false,
  addresses: ['192.0.2.17', '198.51.100.4'],
  labels: { zone: 'nova', tier: 'gold' },
};

const record = { id: '6f1b9c52-9a0e-4c55-8a0d-2f6d3a1f7b10', name: 'web-frontend-03', attempt: 3, dry_run: false };
const RECORD_BYTES = JSON.stringify(record).length + 1;

const LINE = 'Line 7 of the log: größer als "erwartet" in C:\\temp\n';

/** Arguments of about `bytes` bytes of JSON: one text of many lines, full of characters that an envelope escapes twice. */
export function textOf(bytes: number): Args {
  return { text: LINE.repeat(Math.max(1, Math.round(bytes / Buffer.byteLength(JSON.stringify(LINE))))) };
}

/** Arguments of about `bytes` bytes of JSON: a list of records, full of quotes, which an envelope has to escape. */
export function payloadOf(bytes: number): Args {
  const count = Math.max(1, Math.round((bytes - '{"records":[]}'.length) / RECORD_BYTES));
  return { records: Array.from({ length: count }, (_, index) => ({ ...record, attempt: index % 10 })) };
}
