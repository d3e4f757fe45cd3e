const ID = /"(message_id|_unique_id|timestamp)":"([^"]*)"/g;

/**
 * A published body in one spelling: the envelope, and the message within, keys in their order. Of ids and times only
 * the form is left. Large integers are not told apart.
 */
export function unfold(body: Buffer | string): { envelope: unknown; message: string } {
  const outer = JSON.parse(String(body)) as Record<string, unknown>;
  const { 'oslo.message': inner, ...envelope } = outer;
  const message = JSON.stringify(typeof inner === 'string' ? JSON.parse(inner) : outer);
  return {
    envelope: typeof inner === 'string' ? envelope : undefined,
    message: message.replace(ID, (_, key, value: string) => `"${key}":"${value.replace(/[0-9a-f]/g, 'x')}"`),
  };
}
