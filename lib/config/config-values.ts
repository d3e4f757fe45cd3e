import { ConfigurationError } from '../core/errors.js';
import { oneLine } from '../core/logger.js';
import { isSecretName, MASK } from '../core/secret-names.js';
import type { IniEntry } from './ini-parser.js';
import { substitute } from './substitution.js';
import { convert, type ValueType } from './value-types.js';

/** File with its options, in their order. */
export interface ConfigSource {
  /** Path of the file. */
  readonly path: string;
  readonly entries: readonly IniEntry[];
}

/** Group and name of an option. */
export type OptionName = readonly [group: string, name: string];

/** Option to look up. */
export interface ConfigOption {
  /** Names of the option; the first one is current, the others are used where it is absent. */
  readonly names: readonly [OptionName, ...OptionName[]];
  readonly type: ValueType;
  /** True when errors must not show the value. */
  readonly isSecret?: boolean;
}

/** Text of an option, before substitution. */
export interface FoundText {
  /** Group and name under which it was found. */
  readonly name: OptionName;
  readonly text: string;
  /** `<file>:<line>`, or the environment variable. */
  readonly place: string;
}

/** Value of an option, and the texts that it was read from: several of a `multi` option, else one. */
export interface FoundValue {
  readonly value: unknown;
  readonly texts: readonly [FoundText, ...FoundText[]];
}

/** Values of `$name` that are in neither files nor environment. */
export interface References {
  /** Options whose former names count, too. */
  readonly known?: readonly ConfigOption[];
  /** Returns a text that replaces those of files and environment. */
  readonly given?: (option: OptionName) => string | undefined;
  /** Returns the text of an option that has no other. */
  readonly fallback?: (option: OptionName) => string | undefined;
}

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Maximum length of a value after substitution. Options that name each other can grow beyond all bounds. */
const MAX_LENGTH = 65_536;

/** Returns the name of an option for errors and logs, as oslo's documentation writes it. */
export const shownName = ([group, name]: OptionName): string => `[${group}] ${name}`;

/** Returns the name of a section for comparisons. Only `DEFAULT` must be written so. */
const normalized = (section: string) => (section === 'DEFAULT' ? section : section.toLowerCase());

/** Returns a key that is equal for names of the same option. */
export const keyOf = ([group, name]: OptionName): string => `${normalized(group)}\n${name}`;

/**
 * Values of the operator's files and of the environment, with the precedence of oslo.config: the environment
 * (`OS_<GROUP>__<NAME>`), then the last file that has the option under any of its names, and in it the last line. A `multi`
 * option has the values of all lines. Source: oslo_config.cfg.
 */
export class ConfigValues {
  /** Entries of each file by section and key; the last file first. */
  private readonly files: readonly ReadonlyMap<string, readonly FoundText[]>[];
  /** Names of known options by the current one. */
  private readonly namesOf: ReadonlyMap<string, readonly OptionName[]>;

  constructor(
    sources: readonly ConfigSource[],
    private readonly environment: Environment,
    private readonly references: References = {},
  ) {
    this.files = sources.map(byName).reverse();
    this.namesOf = new Map((references.known ?? []).map(({ names }) => [keyOf(names[0]), names]));
  }

  /** Last text of each option in the files. */
  texts(): FoundText[] {
    const last = this.files
      .toReversed()
      .flatMap((file) => [...file].map(([key, texts]) => [key, texts.at(-1)] as const));
    return [...new Map(last).values()].filter((text) => text !== undefined);
  }

  /**
   * Returns the value of an option, or undefined where neither a file nor the environment has it.
   * @throws ConfigurationError with the place, for a text that the type does not allow, and for an unknown `$name`
   */
  read(option: ConfigOption): FoundValue | undefined {
    const { names, type } = option;
    const variable = this.variableOf(names[0]);
    const found = variable ? [variable] : type === 'multi' ? this.all(names) : this.last(names);
    const [first, ...rest] = found;
    if (!first) return undefined;
    if (type !== 'multi') return { value: this.converted(type, first, option), texts: [first] };
    if (variable) {
      const problem = 'oslo.config takes each letter of the variable for a value; set the option in a file';
      throw new ConfigurationError(`${whereIs(variable)}: ${problem}`);
    }
    return { value: found.map((text) => this.expanded(text, option)), texts: [first, ...rest] };
  }

  private converted(type: Exclude<ValueType, 'multi'>, found: FoundText, option: ConfigOption): unknown {
    const converted = convert(type, this.expanded(found, option));
    if ('value' in converted) return converted.value;
    throw wrongValue(found, converted.expected, option);
  }

  /** Returns the text with the values of the options that it names. @throws ConfigurationError for an unknown one */
  private expanded(found: FoundText, option: ConfigOption, within: readonly string[] = []): string {
    const [group] = option.names[0];
    let room = MAX_LENGTH;
    return substitute(found.text, (name) => {
      const refuse = (problem: string) =>
        new ConfigurationError(`${whereIs(found)}: ${hides(option, found) ? 'a $' : `$${name}`} ${problem}`);
      for (const candidate of referredTo(name, group)) {
        const key = keyOf(candidate);
        if (within.includes(key)) throw refuse('names an option whose own value leads back to it');
        const replacement = this.textOf(candidate, [...within, key]);
        if (replacement === undefined) continue;
        room -= replacement.length;
        if (room < 0) throw refuse(`makes the value longer than ${MAX_LENGTH} characters`);
        return replacement;
      }
      throw refuse('names no option of the files; add the option, or write $$ for a dollar sign');
    });
  }

  private textOf(name: OptionName, within: readonly string[]): string | undefined {
    const given = this.references.given?.(name);
    if (given !== undefined) return given;
    const found = this.variableOf(name) ?? this.last(this.namesOf.get(keyOf(name)) ?? [name])[0];
    return found ? this.expanded(found, { names: [name], type: 'string' }, within) : this.references.fallback?.(name);
  }

  private variableOf(name: OptionName): FoundText | undefined {
    const [group, option] = name;
    // Names of options are in lower case, so that `$HOST` is not `host`, which has the same variable.
    if (option !== option.toLowerCase()) return undefined;
    const variable = `OS_${group.toUpperCase()}__${option.toUpperCase()}`;
    const text = this.environment[variable];
    return text === undefined ? undefined : { name, text, place: `environment variable ${variable}` };
  }

  private last(names: readonly OptionName[]): FoundText[] {
    for (const file of this.files) {
      for (const name of names) {
        const text = file.get(keyOf(name))?.at(-1);
        if (text) return [text];
      }
    }
    return [];
  }

  private all(names: readonly OptionName[]): FoundText[] {
    return this.files.toReversed().flatMap((file) => names.toReversed().flatMap((name) => file.get(keyOf(name)) ?? []));
  }
}

/** Returns the error for a value that is not allowed. It shows the text of the file: what it names may be a secret. */
export function wrongValue(found: FoundText, expected: string, option: ConfigOption): ConfigurationError {
  const given = hides(option, found) ? MASK : oneLine(JSON.stringify(found.text), 200);
  return new ConfigurationError(`${whereIs(found)}: expected ${expected}; got ${given}`);
}

/** Returns place, group and name for an error: `/etc/tacker/tacker.conf:12: [DEFAULT] host`. */
export function whereIs({ place, name }: FoundText): string {
  return `${place}: ${shownName(name)}`;
}

/** Returns true when the text may be, or contain, a secret. */
function hides({ isSecret }: ConfigOption, { name, text }: FoundText): boolean {
  return isSecret === true || isSecretName(name[1]) || text.includes('@');
}

/** Returns the options that `$name` can mean, in this order. As in Python, `${DEFAULT.name}` and `${GROUP.name}` are none. */
function referredTo(name: string, group: string): OptionName[] {
  const dot = name.indexOf('.');
  if (dot < 0)
    return [
      [group, name],
      ['DEFAULT', name],
    ];
  const other = name.slice(0, dot);
  return other !== other.toLowerCase() ? [] : [[other, name.slice(dot + 1)]];
}

function byName({ path, entries }: ConfigSource): Map<string, FoundText[]> {
  const found = new Map<string, FoundText[]>();
  for (const { section, key, value, line } of entries) {
    const name: OptionName = [section, key];
    const texts = found.get(keyOf(name)) ?? [];
    texts.push({ name, text: value, place: `${path}:${line}` });
    found.set(keyOf(name), texts);
  }
  return found;
}
