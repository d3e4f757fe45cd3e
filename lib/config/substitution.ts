/** `$$`, `$name` or `${name}`, where a name may have dots. Source: oslo_config.cfg.ConfigOpts.Template. */
const REFERENCE = /\$(?:(\$)|([_a-z][._a-z0-9]*)|\{([_a-z][._a-z0-9]*)\})/gi;

/**
 * Returns the text with the values of the options that it names as `$name` or `${group.name}`. `$$` and `\$` are a dollar
 * sign, and so is a `$` before anything else.
 * @param textOf returns the text of an option; throws for an unknown one
 */
export function substitute(text: string, textOf: (name: string) => string): string {
  if (!text.includes('$')) return text;
  return text
    .replaceAll('\\$', '$$$$')
    .replace(REFERENCE, (_, dollar: string | undefined, bare: string | undefined, braced: string | undefined) =>
      dollar === undefined ? textOf(bare ?? braced ?? '') : '$',
    );
}
