import { ConfigurationError } from '../core/errors.js';
import { strip, stripEnd, stripStart } from '../core/python-space.js';

/** Option of a file as it is written there. */
export interface IniEntry {
  /** Name of the section, as written. */
  readonly section: string;
  readonly key: string;
  /** Value; the lines of a long one are joined by line feeds. */
  readonly value: string;
  /** Number of its first line, from 1. */
  readonly line: number;
}

interface OpenEntry extends Omit<IniEntry, 'value'> {
  readonly lines: string[];
}

/**
 * Parses a file in the format of oslo.config. A line that begins with a space or a tab continues the value above it, even if
 * it looks like a comment; a blank line ends a value. There are no comments behind a value. Source:
 * oslo_config.iniparser.
 * @param path name of the file in errors
 * @throws ConfigurationError with file and line. It quotes no content, which may be a secret
 */
export function parseIni(text: string, path: string): IniEntry[] {
  const entries: IniEntry[] = [];
  if (text.startsWith('\ufeff')) throw new ConfigurationError(`${path}:1: ${BYTE_ORDER_MARK}`);
  let section: string | undefined;
  let open: OpenEntry | undefined;
  const close = () => {
    if (open) entries.push({ section: open.section, key: open.key, value: open.lines.join('\n'), line: open.line });
    open = undefined;
  };

  for (const [index, whole] of text.split(/\r\n|\r|\n/).entries()) {
    const number = index + 1;
    const refuse = (problem: string) => new ConfigurationError(`${path}:${number}: ${problem}`);
    const line = stripEnd(whole);
    if (line === '') {
      close();
    } else if (line.startsWith(' ') || line.startsWith('\t')) {
      if (!open) throw refuse(`${CONTINUATION}. Remove the space at its beginning`);
      open.lines.push(stripStart(line));
    } else if (line.startsWith('[')) {
      close();
      section = sectionOf(line, refuse);
    } else if (line.startsWith('#') || line.startsWith(';')) {
      close();
    } else {
      close();
      const [key, value] = split(line, refuse);
      if (section === undefined)
        throw refuse('an option stands before the first section; expected a section such as [DEFAULT] above it');
      open = { section, key, lines: [value], line: number };
    }
  }
  close();
  return entries;
}

const BYTE_ORDER_MARK =
  'the file begins with a byte order mark, which oslo.config cannot read. Save it as UTF-8 without one';
const CONTINUATION = 'the line continues no value: it begins with a space, and the line above is no option';

type Refuse = (problem: string) => ConfigurationError;

function sectionOf(line: string, refuse: Refuse): string {
  if (!line.endsWith(']'))
    throw refuse('a section must end with ]; nothing may follow it in its line, not even a comment');
  if (line.length <= 2) throw refuse('the name of the section is empty; expected a section such as [DEFAULT]');
  return line.slice(1, -1);
}

/** Returns key and value, divided by the first "=" or ":". One pair of quotes around the value is removed. */
function split(line: string, refuse: Refuse): [key: string, value: string] {
  const mark = line.search(/[:=]/);
  if (mark < 0) throw refuse('expected a section, a comment, or an option such as name = value');
  const key = strip(line.slice(0, mark));
  if (key === '') throw refuse('the name of the option is empty; expected name = value');
  const value = strip(line.slice(mark + 1));
  const quote = value.charAt(0);
  const isQuoted = (quote === '"' || quote === "'") && value.endsWith(quote);
  return [key, isQuoted ? value.slice(1, -1) : value];
}
