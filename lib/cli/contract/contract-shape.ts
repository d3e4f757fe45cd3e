/** Rule for a value of a contract: the place of what breaks it, with what is expected there. */
type Rule = (value: unknown, where: string) => string | undefined;

/**
 * Returns why a value is no contract, such as `methods.a: expected an object; got null`. Undefined for a contract. Fields that
 * are not known are ignored.
 */
export function contractFault(value: unknown): string | undefined {
  return contract(value, '');
}

const fits =
  (expected: string, test: (value: unknown) => boolean): Rule =>
  (value, where) =>
    test(value) ? undefined : `${where === '' ? '' : `${where}: `}expected ${expected}; got ${shown(value)}`;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = fits('a text', (value) => typeof value === 'string');
const anObject = fits('an object', isObject);
const anArray = fits('an array', Array.isArray);
const yes = fits('true', (value) => value === true);
const version = fits(
  "a version, such as '1.2'",
  (value) => typeof value === 'string' && /^\d{1,9}(\.\d{1,9}){1,2}$/.test(value),
);

/** Returns the rule for an object with these fields; those with a question mark may be missing. */
function fields(rules: Readonly<Record<string, Rule>>): Rule {
  return (value, where) => {
    if (!isObject(value)) return anObject(value, where);
    for (const [field, rule] of Object.entries(rules)) {
      const name = field.replace('?', '');
      const isMissing = !Object.hasOwn(value, name);
      const fault =
        isMissing && name !== field ? undefined : rule(isMissing ? undefined : value[name], at(where, name));
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

/** Returns the rule for an object whose values are all of one form. */
function byName(rule: Rule): Rule {
  return (value, where) =>
    isObject(value)
      ? first(Object.entries(value), ([name, one]) => rule(one, at(where, name)))
      : anObject(value, where);
}

function listOf(rule: Rule): Rule {
  return (value, where) =>
    Array.isArray(value)
      ? first([...value.entries()], ([index, one]) => rule(one, `${where}[${index}]`))
      : anArray(value, where);
}

function first<One>(all: readonly One[], check: (one: One) => string | undefined): string | undefined {
  for (const one of all) {
    const fault = check(one);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const server: Rule = (value, where) =>
  isObject(value) && Object.hasOwn(value, 'argument')
    ? fields({ argument: text })(value, where)
    : fields({ name: text })(value, where);

const method = fields({
  kind: fits('"call" or "cast"', (value) => value === 'call' || value === 'cast'),
  'since?': version,
  'fanout?': yes,
  'server?': server,
  'fallback?': listOf(fields({ version, 'without?': listOf(text), 'with?': byName(anObject) })),
  'args?': byName(fields({ type: text, 'optional?': yes })),
  'open?': yes,
  'result?': text,
});

const contract = fields({
  contract: fits('1', (value) => value === 1),
  name: text,
  'topic?': text,
  'exchange?': text,
  'namespace?': text,
  'version?': version,
  'versionAliases?': byName(version),
  methods: byName(method),
});

function at(where: string, name: string): string {
  return where === '' ? name : `${where}.${name}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  return (JSON.stringify(value) ?? typeof value).slice(0, 60);
}
