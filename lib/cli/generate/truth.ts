import type { Value } from './abstract-value.js';

/** Truth of a Python value: `sure` where it is known, `usual` for the default arguments. */
export interface Truth {
  readonly sure: boolean | undefined;
  readonly usual: boolean | undefined;
}

/** Returns the truth of a value. */
export function truthOf(value: Value): Truth {
  switch (value.kind) {
    case 'text':
    case 'constant':
      return certain(Boolean(value.value));
    case 'sequence':
      return certain(value.items.length > 0);
    case 'parameter':
      return { sure: undefined, usual: value.fallback && truthOf(value.fallback).sure };
    case 'choice': {
      const truths = value.options.map((option) => truthOf(option).sure);
      const [first] = truths;
      return {
        sure: truths.every((truth) => truth === first) ? first : undefined,
        usual: value.usual ? first : undefined,
      };
    }
    case 'unknown':
    case 'dict':
      return { sure: undefined, usual: undefined };
    default:
      return certain(true);
  }
}

/** Returns the Python value for a truth. */
export function valueOfTruth({ sure, usual }: Truth): Value {
  if (sure !== undefined) return { kind: 'constant', value: sure };
  const options: Value[] = [true, false].map((value) => ({ kind: 'constant', value }));
  return { kind: 'choice', options: usual === false ? options.reverse() : options, usual: usual !== undefined };
}

/** Returns the truth of `not value`. */
export function negated({ sure, usual }: Truth): Truth {
  return { sure: sure === undefined ? undefined : !sure, usual: usual === undefined ? undefined : !usual };
}

/** Returns the truth of `value is None`. */
export function noneness(value: Value): Truth {
  if (value.kind === 'constant') return certain(value.value === null);
  if (value.kind === 'unknown') return { sure: undefined, usual: undefined };
  if (value.kind === 'parameter') return { sure: undefined, usual: value.fallback && noneness(value.fallback).sure };
  if (value.kind !== 'choice') return certain(false);
  const known = value.options.map((option) => noneness(option).sure);
  const [first] = known;
  return { sure: known.every((one) => one === first) ? first : undefined, usual: value.usual ? first : undefined };
}

export function certain(sure: boolean): Truth {
  return { sure, usual: sure };
}
