import { type Dict, globToRegExp, stringifyJson, toMilliseconds } from '../../internal.js';
import type { TappedOutcome } from './tap-event.js';
import type { TapFilter } from './tap-options.js';

/** Outcomes that a filter for errors matches. */
const BAD: ReadonlySet<TappedOutcome> = new Set(['error', 'timeout', 'undeliverable']);

/** Filter in a form that is fast to apply. */
export class CompiledFilter {
  private readonly methods: readonly RegExp[];
  private readonly context: readonly (readonly [string, RegExp])[];
  private readonly errorsOnly: boolean;
  private readonly slowerThanMs: number | undefined;

  /** @throws ConfigurationError for a malformed duration */
  constructor({ methods = [], errorsOnly = false, slowerThan, context = {} }: TapFilter = {}) {
    this.methods = methods.map(globToRegExp);
    this.context = Object.entries(context).map(([key, pattern]) => [key, globToRegExp(pattern)]);
    this.errorsOnly = errorsOnly;
    this.slowerThanMs = slowerThan === undefined ? undefined : toMilliseconds(slowerThan, 'slowerThan');
  }

  /** Returns false where no end of the request could match. */
  matchesRequest(method: string, context: Dict): boolean {
    return (
      (this.methods.length === 0 || this.methods.some((pattern) => pattern.test(method))) &&
      this.context.every(([key, pattern]) => Object.hasOwn(context, key) && pattern.test(textOf(context[key])))
    );
  }

  /** Returns true when the end of a matching request matches. @param durationMs duration of a call that was answered */
  matchesEnd(outcome: TappedOutcome | 'sent', durationMs: number | undefined): boolean {
    if (this.errorsOnly && (outcome === 'sent' || !BAD.has(outcome))) return false;
    if (this.slowerThanMs === undefined) return true;
    return outcome === 'timeout' || (durationMs !== undefined && durationMs >= this.slowerThanMs);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (stringifyJson(value) ?? '');
}
