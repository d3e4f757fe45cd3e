import type { Dict } from '../core/dict.js';
import { SentAs } from '../core/failure.js';
import { sharedClass } from '../core/shared.js';

/** Argument of a method that is known by name. */
export interface NamedArgument {
  readonly name: string;
  readonly required: boolean;
}

/** Names by which Python methods have their own parameters: a keyword argument of that name is given twice. */
const POSITIONAL: ReadonlySet<string> = new Set(['self', 'ctxt', 'context']);
/** Maximum length of an unknown name in an error, in characters: it comes off the wire. */
const MAX_NAME = 1000;

/** Refusal of arguments, as Python's `TypeError`: the caller's mistake. */
@SentAs({ module: 'builtins', class: 'TypeError' })
@sharedClass('RefusedArguments')
export class RefusedArguments extends TypeError {}

/** Check of the arguments of a method whose parameters are all named. Refuses them as Python does, in its words. */
export class ArgumentCheck {
  private readonly known: ReadonlySet<string>;
  private readonly required: readonly string[];

  /** @param method name of the method in errors, `Class.method` */
  constructor(
    private readonly method: string,
    readonly named: readonly NamedArgument[],
  ) {
    this.known = new Set(named.map(({ name }) => name));
    this.required = named.filter(({ required }) => required).map(({ name }) => name);
  }

  /** Returns the error for arguments that do not fit; undefined for those that do. */
  refusalOf(args: Dict): TypeError | undefined {
    // As in Python, the names are checked in their order, before the absent ones.
    for (const name of Object.keys(args)) {
      if (this.known.has(name)) continue;
      const problem = POSITIONAL.has(name) ? 'multiple values for argument' : 'an unexpected keyword argument';
      return this.refusal(`got ${problem} '${name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name}'`);
    }
    for (const name of this.required) if (!Object.hasOwn(args, name)) return this.refusal(this.missing(args));
    return undefined;
  }

  private missing(args: Dict): string {
    const names = this.required.filter((name) => !Object.hasOwn(args, name)).map((name) => `'${name}'`);
    const plural = names.length === 1 ? '' : 's';
    return `missing ${names.length} required positional argument${plural}: ${listed(names)}`;
  }

  private refusal(problem: string): TypeError {
    const error = new RefusedArguments(`${this.method}() ${problem}`);
    // The mistake is the caller's. Lines of this library would tell nothing.
    error.stack = `TypeError: ${error.message}`;
    return error;
  }
}

/** Returns names as Python lists them: with a comma before "and" from three names on. */
function listed(names: readonly string[]): string {
  if (names.length < 3) return names.join(' and ');
  return `${names.slice(0, -1).join(', ')}, and ${names.at(-1)}`;
}

/**
 * Returns arguments for a handler's pipeline. Guards read them as they are; once they are refused, reading throws.
 * @param refuse throws the error, once the guards have decided
 * @param isRefused returns true from then on
 */
export function refusedArguments(
  args: Dict,
  { named }: ArgumentCheck,
  refuse: () => void,
  isRefused: () => boolean,
): Dict {
  const refused: Dict = { ...args };
  for (const { name } of named) {
    const get = () => {
      if (isRefused()) refuse();
      return Object.hasOwn(args, name) ? args[name] : undefined;
    };
    Object.defineProperty(refused, name, { get, enumerable: Object.hasOwn(args, name), configurable: true });
  }
  return refused;
}
