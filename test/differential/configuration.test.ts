import { join } from 'node:path';
import fc from 'fast-check';
import { getRpcTransport, type OsloMessagingOptions } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { filesIn, readSources } from '../../lib/config/config-sources.js';
import { type ConfigOption, ConfigValues, keyOf, type OptionName } from '../../lib/config/config-values.js';
import { withConfigFiles } from '../../lib/config/configured-options.js';
import { OSLO_OPTIONS, OTHER_SPELLINGS, WITHOUT_EFFECT } from '../../lib/config/oslo-options.js';
import { ConfigurationError } from '../../lib/core/errors.js';
import { ConfigFolder } from '../support/config-folder.js';
import { describeWithPythonLibrary } from '../support/environment.js';
import { PythonProcess } from '../support/python-process.js';
import { silent } from '../support/silent.js';
import { arbitraryConfig, arbitraryFiles, type ConfigCase, LOOKED_UP } from './arbitrary-config.js';

/** The same for everybody, so that what a change did not cause does not fail it. */
const seed = Number(process.env.CONFORMANCE_SEED ?? 20_260);
/** Number of generated configurations. */
const numRuns = Number(process.env.CONFIGURATION_RUNS ?? 100);

interface PythonOption {
  group: string;
  name: string;
  type: string;
  former: OptionName[];
}

interface PythonOutcome {
  values?: ({ value: unknown } | { error: string })[];
  /** Class of an error that concerns all options, and its message. */
  error?: string;
  text?: string;
}

const REFUSED = { refused: true };

describeWithPythonLibrary(`oslo.config and we, CONFORMANCE_SEED=${seed}`, () => {
  let python: PythonProcess;
  let options: PythonOption[];
  let folder: ConfigFolder;
  let written = 0;

  beforeAll(async () => {
    folder = new ConfigFolder();
    python = new PythonProcess();
    options = (await python.ask('messaging_options')) as PythonOption[];
  });
  afterAll(async () => {
    await python?.stop();
    folder.delete();
  });

  const ask = (parameters: object) => python.ask('read_configuration', parameters) as Promise<PythonOutcome>;

  /** Values of these options in Python, from files and a folder. */
  function theirs(
    { files, folder: inFolder, environment }: ConfigCase,
    looked?: readonly object[],
  ): Promise<PythonOutcome> {
    const flags = files.flatMap(([name]) => ['--config-file', `./${name}`]);
    return ask({
      // Python takes a missing folder for an error.
      files: [...files, ['conf.d/README', ''], ...inFolder.map(([name, text]) => [`conf.d/${name}`, text])],
      arguments: [...flags, '--config-dir', './conf.d'],
      options: looked,
      environment,
    });
  }

  /** Writes the files. */
  function write({ files, folder: inFolder }: ConfigCase): { place: string; paths: string[] } {
    const place = `${++written}`;
    folder.write(`${place}/conf.d/README`, '');
    for (const [name, text] of inFolder) folder.write(`${place}/conf.d/${name}`, text);
    const paths = files.map(([name, text]) => folder.write(`${place}/${name}`, text));
    return { place: join(folder.path, place), paths: [...paths, ...filesIn(join(folder.path, place, 'conf.d'))] };
  }

  /** An error in Python's words at the place that ours names. */
  function expectSamePlace(message: string, { error, text = '' }: PythonOutcome): void {
    expect(error).toBe('ConfigFileParseError');
    const [, file, line] = /: at (.*?):(\d+), /.exec(text) ?? [];
    // Python finds a missing section only at the end of the option.
    const isLate = text.includes('Section must be started');
    expect(message.startsWith(isLate ? `${file}:` : `${file}:${line}: `), `${message}\n${text}`).toBe(true);
  }

  function compare(given: ConfigCase, outcome: PythonOutcome): void {
    const { place, paths } = write(given);
    const registered = new Set(LOOKED_UP.map(({ names: [current] }) => keyOf(current as OptionName)));
    // In Python, an option that is nowhere set is an empty text where another one names it.
    const fallback = (name: OptionName) => (registered.has(keyOf(name)) ? '' : undefined);
    const known = LOOKED_UP as unknown as readonly ConfigOption[];
    let values: ConfigValues;
    try {
      values = new ConfigValues(readSources(paths), given.environment, { known, fallback });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      expectSamePlace((error as Error).message.replace(`${place}/`, ''), outcome);
      return;
    }
    expect(outcome.error, outcome.text).toBeUndefined();
    const ours = known.map((option) => {
      try {
        return { value: values.read(option)?.value ?? null };
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigurationError);
        return REFUSED;
      }
    });
    const expected = outcome.values?.map((one) => ('error' in one ? REFUSED : { value: narrowed(one.value) }));
    expect(ours).toEqual(expected);
  }

  it('read the same values from any files, or refuse the same ones', { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(arbitraryConfig, async (given) => compare(given, await theirs(given, LOOKED_UP)));
    await fc.assert(property, { numRuns, seed });
  });

  it('know the same options of oslo.messaging, by all their names', () => {
    const known = new Map(OSLO_OPTIONS.map((option) => [keyOf(option.names[0]), option]));
    const without = new Set(WITHOUT_EFFECT.map(keyOf));
    const differences: string[] = [];
    for (const { group, name, type, former } of options) {
      const spelt = OTHER_SPELLINGS.has(name) ? name.replace('quroum', 'quorum') : name;
      const option = known.get(keyOf([group, spelt]));
      const all = [[group, name] as const, ...former].map(keyOf);
      if (without.has(keyOf([group, name]))) {
        if (!all.every((key) => without.has(key))) differences.push(`${group} ${name}: ${former.join()}`);
      } else if (option?.type !== type || !all.every((key) => option.names.map(keyOf).includes(key))) {
        differences.push(`${group} ${name}: ${type}, ${former.join()}`);
      }
    }
    expect(options.length).toBeGreaterThan(40);
    expect(differences).toEqual([]);
  });

  it('read the same values for all options of oslo.messaging', async () => {
    const property = fc.asyncProperty(arbitraryFiles(options), async (files) => {
      const given: ConfigCase = { files, folder: [], environment: {} };
      const { values = [], error, text: problem } = await theirs(given);
      expect(error, problem).toBeUndefined();
      const text = files.map(([, one]) => one).join('\n');
      const { paths } = write(given);
      const ours = withConfigFiles({ configFiles: paths, transportUrl: undefined, logger: silent });
      for (const [index, { group, name, type, former }] of options.entries()) {
        const names = [[group, name] as const, ...former];
        const isSet = names.some(([section, key]) => text.includes(`[${section}]\n${key} `));
        const current = keyOf([group, name.replace('quroum', 'quorum')]);
        const path = OSLO_OPTIONS.find((option) => keyOf(option.names[0]) === current)?.path;
        if (path === undefined || !isSet) continue;
        expect({ [name]: valueAt(ours, path) }).toEqual({ [name]: asOurs(type, values[index]) });
      }
      // All of them make a transport.
      expect(() => getRpcTransport({ ...ours, rabbit: withoutFiles(ours), logger: silent })).not.toThrow();
    });
    await fc.assert(property, { numRuns: Math.ceil(numRuns / 5), seed });
  });

  it.each<[string, [name: string, text: string][], string[], string, RegExp]>([
    ['a missing file', [], ['--config-file', './x'], 'ConfigFilesNotFoundError', /ENOENT/],
    ['a folder as a file', [['x/y', '']], ['--config-file', './x'], 'IsADirectoryError', /not a regular file/],
    ['a folder that is missing', [], ['--config-dir', './x'], 'ConfigDirNotFoundError', /ENOENT/],
    ['a folder in a folder', [['x/y.conf/z', '']], ['--config-dir', './x'], 'IsADirectoryError', /not a regular file/],
  ])('refuse %s', async (_what, files, flags, error, message) => {
    expect(await ask({ files, arguments: flags, options: [] })).toMatchObject({ error });
    const place = `refused-${++written}`;
    for (const [name, text] of files) folder.write(`${place}/${name}`, text);
    const path = join(folder.path, place, 'x');
    const given = flags[0] === '--config-dir' ? { configDirs: path } : { configFiles: path };
    expect(() => withConfigFiles({ ...given, logger: silent })).toThrow(message);
  });

  it('take several values from a variable apart, or refuse them', async () => {
    const [variable, value] = ['OS_OSLO_MESSAGING_NOTIFICATIONS__DRIVER', 'log'];
    const { values = [] } = await ask({ files: [], arguments: [], environment: { [variable]: value } });
    const index = options.findIndex(({ name }) => name === 'driver');
    expect(values[index]).toEqual({ value: ['l', 'o', 'g'] });
    vi.stubEnv(variable, value);
    expect(() => withConfigFiles({ configFiles: [], logger: silent })).toThrow(/each letter/);
  });
});

/** No option has integers beyond 2^53. */
const narrowed = (value: unknown) => (typeof value === 'bigint' ? Number(value) : value);

function valueAt(ours: OsloMessagingOptions, path: string): unknown {
  const [outer = '', inner] = path.split('.');
  const value: unknown = Reflect.get(ours, outer);
  const found: unknown = inner === undefined ? value : Reflect.get(value as object, inner);
  // Long durations have a unit.
  return typeof found === 'string' && /^\d+s$/.test(found) ? Number.parseInt(found, 10) : found;
}

/** A value of Python as an option here. */
function asOurs(type: string, outcome: object | undefined): unknown {
  expect(outcome).toHaveProperty('value');
  const { value } = outcome as { value: unknown };
  // Python loads a driver once, too.
  if (type === 'multi') return [...new Set(value as string[])];
  // Its parser of URLs removes the line feeds.
  if (typeof value === 'string') return value.replaceAll('\n', '') || undefined;
  return value ?? undefined;
}

/** The files of certificates do not exist. */
function withoutFiles({ rabbit = {} }: OsloMessagingOptions): OsloMessagingOptions['rabbit'] {
  const { sslCaFile: _ca, sslCertFile: _cert, sslKeyFile: _key, ...rest } = rabbit;
  return { ...rest, rabbitHaQueues: false, amqpAutoDelete: false };
}
