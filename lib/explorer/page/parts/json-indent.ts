/** Maximum number of characters that are shown. */
const MAX_LENGTH = 50_000;

/** Returns JSON with line breaks; a text that is not JSON, as a shortened one, is returned as it is. */
export function indented(text: string): string {
  if (text.length > MAX_LENGTH) return `${text.slice(0, MAX_LENGTH)}…`;
  try {
    const value: unknown = JSON.parse(text);
    // Numbers that JavaScript cannot hold would be shown as others.
    return /\d{16}/.test(text) ? text : JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
}
