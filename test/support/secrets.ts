import { inspect } from 'node:util';
import { expect } from 'vitest';

/** Fails when one of the texts holds one of the secrets: as it is, as a URL or JSON spells it, or in base64. */
export function expectNoSecrets(texts: Iterable<string>, secrets: readonly string[]): void {
  const forms = secrets.flatMap((secret) => {
    if (secret.length < 4) throw new Error(`"${secret}" is too short to be told from other text`);
    const bytes = Buffer.from(secret);
    return [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString('base64'),
      bytes.toString('hex'),
    ];
  });
  for (const text of texts) {
    for (const form of forms) {
      const at = text.indexOf(form);
      if (at >= 0) expect.fail(`a secret is to be seen: …${text.slice(Math.max(0, at - 120), at + form.length)}…`);
    }
  }
}

const EVERYTHING = { maxArrayLength: 500, maxStringLength: null, breakLength: Number.POSITIVE_INFINITY };

/** All that can be seen of a value by looking at it so deep, hidden members and those of its causes included. */
export function viewsOf(value: unknown, depth = 12): string[] {
  return [
    attempt(() => String(value)),
    attempt(() => JSON.stringify(value) ?? ''),
    inspect(value),
    inspect(value, { ...EVERYTHING, depth, showHidden: true, getters: true }),
    // As debuggers show it, which do not ask the object how it wants to be seen.
    inspect(value, { ...EVERYTHING, depth, showHidden: true, customInspect: false }),
    ...(value instanceof Error ? [value.message, value.stack ?? ''] : []),
  ];
}

/** Returns a view of a value, or the error when it has none: circular values have no JSON. */
function attempt(view: () => string): string {
  try {
    return view();
  } catch (error) {
    return String(error);
  }
}
