/** The hand-written peer's messages: plain JSON with the few members that a call cannot do without. */
export interface FloorRequest {
  method: string;
  args: Record<string, unknown>;
  _msg_id: string;
  _reply_q: string;
}

export interface FloorReply {
  result: unknown;
  failure: string | null;
  _msg_id: string;
}

export function encode(message: FloorRequest | FloorReply): Buffer {
  return Buffer.from(JSON.stringify(message));
}

export function decode<T extends FloorRequest | FloorReply>(content: Buffer): T {
  return JSON.parse(content.toString());
}
