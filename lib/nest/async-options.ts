import type { Abstract, FactoryProvider, ModuleMetadata, Provider, Type } from '@nestjs/common';
import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import { checkOptions, type Rule, text } from '../core/option-rules.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { loggedMessage } from '../core/thrown.js';
import { checkIsObject } from './features.js';

/** Class that makes the options of a broker, for `useClass` and `useExisting` of `forRootAsync`. */
export interface OsloMessagingOptionsFactory {
  /** Returns the options. Called once, when the module starts. */
  createOsloMessagingOptions(): Promise<OsloMessagingOptions> | OsloMessagingOptions;
}

/** Options of `forRootAsync`: exactly one of `useFactory`, `useClass` and `useExisting`. */
export type OsloMessagingAsyncOptions = {
  /** Name of the broker among several. The options have the same name, or none. @default no name */
  name?: string | undefined;
  /** Modules whose exports the factory uses, such as `ConfigModule`. @default [] */
  imports?: ModuleMetadata['imports'] | undefined;
  /** Further providers of the module, for the factory alone. @default [] */
  extraProviders?: Provider[] | undefined;
} & (
  | {
      /** Function that returns the options. */
      useFactory: FactoryProvider<OsloMessagingOptions>['useFactory'];
      /** Injection tokens of its parameters. @default [] */
      inject?: FactoryProvider['inject'] | undefined;
      /** Absent: `useFactory` is given. */
      useClass?: undefined;
      /** Absent: `useFactory` is given. */
      useExisting?: undefined;
    }
  | {
      /** Class that is instantiated to make the options. */
      useClass: Type<OsloMessagingOptionsFactory>;
      /** Absent: `useClass` is given. */
      useFactory?: undefined;
      /** Absent: `useClass` is given. */
      useExisting?: undefined;
      /** Absent: the class has a constructor. */
      inject?: undefined;
    }
  | {
      /** Injection token of a provider of `imports` or `extraProviders`, or of a global one, that makes the options. */
      useExisting: Type<OsloMessagingOptionsFactory> | Abstract<OsloMessagingOptionsFactory> | string | symbol;
      /** Absent: `useExisting` is given. */
      useFactory?: undefined;
      /** Absent: `useExisting` is given. */
      useClass?: undefined;
      /** Absent: the provider has dependencies of its own. */
      inject?: undefined;
    }
);

/** Provider of options without its token, and the providers that it needs. */
export interface OptionsSource {
  readonly inject: NonNullable<FactoryProvider['inject']>;
  readonly useFactory: (...args: unknown[]) => Promise<OsloMessagingOptions>;
  readonly providers: readonly Provider[];
}

const METHOD = 'createOsloMessagingOptions' satisfies keyof OsloMessagingOptionsFactory;
const FORMS = ['useFactory', 'useClass', 'useExisting'] as const;

const isFunction = (value: unknown) => typeof value === 'function';
const array =
  (of: string): Rule =>
  (value) =>
    Array.isArray(value) ? undefined : `an array of ${of}`;

const RULES: Record<'name' | 'imports' | 'extraProviders' | 'inject' | (typeof FORMS)[number], Rule> = {
  name: text,
  imports: array('modules'),
  extraProviders: array('providers'),
  inject: array('injection tokens'),
  useFactory: (value) => (isFunction(value) ? undefined : 'a function that returns the options'),
  useClass: (value) => (isFunction(value) ? undefined : `a class with the method ${METHOD}`),
  useExisting: (value) =>
    isFunction(value) || typeof value === 'symbol' || !text(value, '')
      ? undefined
      : `the injection token of a provider with the method ${METHOD}`,
};

/**
 * Returns the source of the options.
 * @throws ConfigurationError for an unknown or ill-typed option, and unless exactly one form is given
 */
export function optionsSource(options: OsloMessagingAsyncOptions): OptionsSource {
  checkOptions(options, RULES, '', 'forRootAsync option');
  const { name, inject, useFactory, useClass, useExisting, extraProviders = [] } = options;
  const forms = FORMS.filter((form) => options[form] !== undefined);
  if (forms.length !== 1)
    throw new ConfigurationError(
      `forRootAsync: expected one of useFactory, useClass and useExisting; got ${forms.join(' and ') || 'none'}`,
    );
  if (useFactory)
    return { inject: inject ?? [], useFactory: checked(useFactory, 'useFactory', name), providers: extraProviders };
  if (inject)
    throw new ConfigurationError(
      `forRootAsync: inject belongs to useFactory; with ${forms[0]}, the constructor of the class names its dependencies`,
    );
  const token = useClass ?? useExisting;
  const providers = useClass ? [{ provide: useClass, useClass }, ...extraProviders] : extraProviders;
  return {
    inject: [token],
    useFactory: methodOf(typeof token === 'function' ? token.name : String(token), name),
    providers,
  };
}

/** Returns a function that makes the options by the method of a factory. */
function methodOf(owner: string, broker: string | undefined): OptionsSource['useFactory'] {
  const make = checked(
    (factory: OsloMessagingOptionsFactory) => factory.createOsloMessagingOptions(),
    `${owner}.${METHOD}()`,
    broker,
  );
  return async (factory) => {
    if (typeof (factory as Partial<OsloMessagingOptionsFactory> | null)?.[METHOD] === 'function') return make(factory);
    throw new ConfigurationError(
      `${where(broker)}: expected ${owner} to have the method ${METHOD}(), as OsloMessagingOptionsFactory declares it; got ${nameOf(factory)} without it`,
    );
  };
}

/** Returns a function that makes the options. Its errors are ConfigurationErrors that name the maker. */
function checked<Args extends unknown[]>(
  make: (...args: Args) => unknown,
  maker: string,
  broker: string | undefined,
): OptionsSource['useFactory'] {
  return async (...args) => {
    let options: unknown;
    try {
      options = await make(...(args as Args));
    } catch (error) {
      throw new ConfigurationError(`${where(broker)}: ${maker} failed: ${loggedMessage(error)}`, { cause: error });
    }
    checkIsObject(options, where(broker), `${maker} to return an object of options`);
    return withName(options as OsloMessagingOptions, broker);
  };
}

const where = (broker: string | undefined) =>
  broker === undefined ? 'forRootAsync' : `forRootAsync of the broker "${broker}"`;

/** Adds the name of the broker. Tokens must be known before the options are made, so that only `forRootAsync` can name it. */
function withName(options: OsloMessagingOptions, name: string | undefined): OsloMessagingOptions {
  if (options.name !== undefined && options.name !== name) {
    throw new ConfigurationError(
      `forRootAsync: the factory names the broker ${JSON.stringify(options.name)}; give the name beside the factory: forRootAsync({ name, useFactory })`,
    );
  }
  return name === undefined ? options : { ...options, name };
}
