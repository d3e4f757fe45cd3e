import { loggedMessage, oneLine, SecretValues, stringifyJson } from '../../internal.js';
import { cut, excerptOf, isSmall } from './excerpt.js';

/** Length of a text within a value, in characters. */
const MAX_TEXT = 300;
/** Text that is shown where not all secrets are known. */
const TOO_LARGE = '(not shown: the message is too large to look for secrets)';
const UNREADABLE = '(cannot be shown)';

/** Texts of a message, without its secrets: those under names of secrets, wherever they are quoted. Never throws. */
export class MaskedValues {
  private readonly secrets: SecretValues;
  /** False where the message is too large to look for secrets: texts that may quote them are not shown. */
  readonly isComplete: boolean;

  /** @param values arguments and context of the message */
  constructor(values: readonly unknown[]) {
    this.isComplete = guarded(() => isSmall(values), false);
    const looked = this.isComplete ? values : guarded(() => excerptOf(values, cut), undefined);
    this.secrets = new SecretValues(looked, true);
  }

  /** Returns a value as JSON, shortened. */
  json(value: unknown, max: number): string {
    if (value === undefined) return '';
    return guarded(
      () => cut(stringifyJson(excerptOf(value, (text) => this.secrets.mask(text, MAX_TEXT))), max),
      UNREADABLE,
    );
  }

  /** Returns a value as plain data, shortened. */
  data(value: unknown): unknown {
    return guarded(() => excerptOf(value, (text) => this.secrets.mask(text, MAX_TEXT)), UNREADABLE);
  }

  /** Returns the message of an error, which can quote any part of the message. */
  error(error: unknown, max: number): string {
    return this.text(loggedMessage(error), max);
  }

  /** Returns a text that can quote any part of the message. */
  text(text: string, max: number): string {
    return this.isComplete ? guarded(() => this.secrets.mask(text, max), UNREADABLE) : TOO_LARGE;
  }

  /** Returns a name that came off the wire. */
  name(name: string, max = 200): string {
    return oneLine(
      guarded(() => this.secrets.mask(name, max), UNREADABLE),
      max,
    );
  }
}

function guarded<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
