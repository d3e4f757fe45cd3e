import { isSecretName, MASK, maskBeginning, maskText } from './secret-names.js';

/** Maximum number of values that are looked at. A message from the wire has fewer: the limit `values`. */
const MAX_VALUES = 1_000_000;
/** Maximum number of secrets that are looked for in a text. */
const MAX_SECRETS = 1000;
/** Minimum length of a secret, in characters. To mask a shorter one could change unrelated words, and no real one is that short. */
const MIN_SECRET = 8;
/** Length of the beginning by which a long secret is found, in characters. It may be cut off in a text. */
const HEAD = 256;
/** Maximum length of all different keys that are looked at, in characters. Further ones are taken for names of secrets. */
const MAX_KEYS = 1_000_000;
/** Text that is shown where not all secrets are known. */
const HIDDEN = '(not shown: the values are too many to look for secrets)';

/** Secrets of values, gathered once, to mask them in any number of texts. Both take bounded time. */
export class SecretValues {
  private readonly found = new Set<string>();
  private readonly visited = new Map<object, boolean>();
  /** Answers for keys: the elements of a list have the same. */
  private readonly keys = new Map<string, boolean>();
  private keysLength = 0;
  private readonly isComplete: boolean;
  /** The secrets, longest first: a secret may begin with a shorter one. */
  private readonly secrets: readonly string[];

  /**
   * @param values values whose secrets are masked: those under names of secrets, at any depth
   * @param areKeysSecret true where keys under such a name are masked, too: `{ tokens: { [token]: … } }`
   */
  constructor(
    values: unknown,
    private readonly areKeysSecret = false,
  ) {
    this.isComplete = this.gather(values);
    this.secrets = [...this.found].sort((one, other) => other.length - one.length);
    this.visited.clear();
    this.keys.clear();
  }

  /**
   * Returns a text with the secrets masked, and those that it names itself.
   * @param max maximum length of the text, in characters. The rest is cut off
   */
  mask(text: string, max: number): string {
    if (!this.isComplete) return HIDDEN.slice(0, max);
    const isCut = text.length > max + HEAD;
    let left = isCut ? text.slice(0, max + HEAD) : text;
    for (const secret of this.secrets) left = hide(left, secret);
    left = isCut ? maskBeginning(left) : maskText(left);
    // The last characters may be the beginning of a secret whose end was cut off, unless they are masked.
    if (isCut && !left.endsWith(MASK)) left = left.slice(0, -HEAD);
    return isCut || left.length > max ? `${left.slice(0, max)}…` : left;
  }

  /** Returns false where the values are too many. */
  private gather(values: unknown): boolean {
    const waiting: [values: object, isSecret: boolean][] = [];
    const add = (value: unknown, isSecret: boolean): void => {
      if (typeof value === 'string') {
        if (isSecret && value.length >= MIN_SECRET) this.found.add(value);
      } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
        const before = this.visited.get(value);
        if (before === true || before === isSecret) return;
        this.visited.set(value, isSecret);
        waiting.push([value, isSecret]);
      }
    };
    add(values, false);
    let count = 0;
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [holder, isSecret] = next;
      if (Array.isArray(holder)) {
        count += holder.length;
        if (count > MAX_VALUES) return false;
        for (const item of holder as unknown[]) {
          add(item, isSecret);
          if (this.found.size > MAX_SECRETS) return false;
        }
        continue;
      }
      const keys = Object.keys(holder);
      count += keys.length;
      if (count > MAX_VALUES) return false;
      for (const key of keys) {
        // The key may be the secret itself: { tokens: { [token]: … } }.
        if (isSecret && this.areKeysSecret) add(key, true);
        add(memberOf(holder, key), isSecret || this.isSecretKey(key));
        if (this.found.size > MAX_SECRETS) return false;
      }
    }
    return true;
  }

  private isSecretKey(key: string): boolean {
    const known = this.keys.get(key);
    if (known !== undefined) return known;
    this.keysLength += key.length;
    if (this.keysLength > MAX_KEYS) return true;
    const isSecret = isSecretName(key);
    this.keys.set(key, isSecret);
    return isSecret;
  }
}

function memberOf(holder: object, key: string): unknown {
  try {
    return Reflect.get(holder, key);
  } catch {
    // A getter that throws has no value to quote.
    return undefined;
  }
}

/** Returns a text without a secret, of which the beginning suffices: the end may be cut off. */
function hide(text: string, secret: string): string {
  if (secret.length <= HEAD) return text.includes(secret) ? text.replaceAll(secret, MASK) : text;
  const head = secret.slice(0, HEAD);
  let shown = '';
  let from = 0;
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, from)) {
    shown += text.slice(from, at) + MASK;
    from = at + secret.length;
  }
  return from === 0 ? text : shown + text.slice(from);
}
