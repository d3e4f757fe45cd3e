import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import {
  ConfigurationError,
  getTransportsToken,
  type OsloMessagingAsyncOptions,
  OsloMessagingModule,
  type OsloMessagingOptions,
  type OsloMessagingOptionsFactory,
  OsloMessagingTransports,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { silent } from '../../support/silent.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const config = ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ messaging: { topic: 'configured' } })] });
const optionsOf = (topic: string): OsloMessagingOptions => ({ transportUrl: 'memory://', topic, logger: silent });

@Injectable()
class BrokerOptions implements OsloMessagingOptionsFactory {
  constructor(private readonly values: ConfigService) {}

  createOsloMessagingOptions(): OsloMessagingOptions {
    return optionsOf(this.values.getOrThrow<string>('messaging.topic'));
  }
}

@Module({ imports: [config], providers: [BrokerOptions], exports: [BrokerOptions] })
class BrokerOptionsModule {}

class Suffix {
  readonly value = '.eu';
}

@Injectable()
class Suffixed implements OsloMessagingOptionsFactory {
  constructor(private readonly suffix: Suffix) {}

  async createOsloMessagingOptions(): Promise<OsloMessagingOptions> {
    return optionsOf(`topic${this.suffix.value}`);
  }
}

/** Starts an application with a broker, and returns the topic of its options. */
async function topicOf(options: OsloMessagingAsyncOptions): Promise<string | undefined> {
  const module = await Test.createTestingModule({ imports: [OsloMessagingModule.forRootAsync(options)] }).compile();
  closing.push(() => module.close());
  const transports = module.get<OsloMessagingTransports>(getTransportsToken(options.name), { strict: false });
  return transports.rpc.settings.topic;
}

/** Values that the compiler would refuse. */
const untyped = (options: object) => options as OsloMessagingAsyncOptions;

describe('forRootAsync', () => {
  it.each<[string, OsloMessagingAsyncOptions, string]>([
    [
      'a function, with a ConfigService',
      {
        imports: [config],
        inject: [ConfigService],
        useFactory: (values: ConfigService) => optionsOf(values.getOrThrow<string>('messaging.topic')),
      },
      'configured',
    ],
    ['a class, with a ConfigService', { imports: [config], useClass: BrokerOptions }, 'configured'],
    ['a provider of another module', { imports: [BrokerOptionsModule], useExisting: BrokerOptions }, 'configured'],
    ['a class with a provider of its own', { useClass: Suffixed, extraProviders: [Suffix] }, 'topic.eu'],
    [
      'a provider of its own, by a token',
      { useExisting: 'OPTIONS', extraProviders: [Suffix, { provide: 'OPTIONS', useClass: Suffixed }] },
      'topic.eu',
    ],
    ['a class for a broker with a name', { name: 'far', imports: [config], useClass: BrokerOptions }, 'configured'],
  ])('takes the options from %s', async (_name, options, topic) => {
    expect(await topicOf(options)).toBe(topic);
  });

  it('makes one instance of the class for each broker', async () => {
    let made = 0;
    class Counting implements OsloMessagingOptionsFactory {
      constructor() {
        made++;
      }

      createOsloMessagingOptions(): OsloMessagingOptions {
        return optionsOf('t');
      }
    }
    const imports = ['near', 'far'].map((name) => OsloMessagingModule.forRootAsync({ name, useClass: Counting }));
    const module = await Test.createTestingModule({ imports }).compile();
    closing.push(() => module.close());
    expect(made).toBe(2);
  });

  class Unfit {}
  const factory = { useFactory: () => optionsOf('t') };
  it.each<[string, object, RegExp]>([
    ['no form', { imports: [] }, /^forRootAsync: expected one of useFactory, useClass and useExisting; got none$/],
    ['a form without a value', { useClass: undefined }, /; got none$/],
    ['two forms', { ...factory, useClass: BrokerOptions }, /; got useFactory and useClass$/],
    [
      'inject beside a class',
      { useClass: BrokerOptions, inject: [] },
      /^forRootAsync: inject belongs to useFactory; with useClass/,
    ],
    [
      'a factory that is none',
      { useFactory: {} },
      /option "useFactory": expected a function that returns the options; got \{\}$/,
    ],
    ['an instance for a class', { useClass: new Unfit() }, /option "useClass": expected a class with the method/],
    ['an object for a token', { useExisting: {} }, /option "useExisting": expected the injection token of a provider/],
    [
      'one provider outside of an array',
      { ...factory, extraProviders: Unfit },
      /"extraProviders": expected an array of/,
    ],
    ['an unknown name', { ...factory, extraProvider: [] }, /"extraProvider"; did you mean "extraProviders"\?/],
  ])('refuses %s', (_name, options, message) => {
    const make = () => OsloMessagingModule.forRootAsync(untyped(options));
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });

  it.each<[string, object, RegExp]>([
    [
      'a class without the method',
      { useClass: Unfit },
      /^forRootAsync: expected Unfit to have the method createOsloMessagingOptions\(\).*; got an Unfit without it$/,
    ],
    [
      'a provider without the method',
      { useExisting: Suffix, extraProviders: [Suffix] },
      /expected Suffix to have the method/,
    ],
    [
      'a provider that is undefined',
      { useExisting: 'X', extraProviders: [{ provide: 'X', useValue: null }] },
      /expected X to .*; got null without it$/,
    ],
    [
      'a class that returns nothing',
      {
        useClass: class Empty {
          createOsloMessagingOptions() {}
        },
      },
      /^forRootAsync: expected Empty\.createOsloMessagingOptions\(\) to return an object of options; got undefined$/,
    ],
    [
      'a function that returns nothing',
      { useFactory: () => undefined },
      /^forRootAsync: expected useFactory to return .*; got undefined$/,
    ],
    [
      'a function that throws',
      {
        useFactory: () => {
          throw new Error('vault is sealed');
        },
      },
      /^forRootAsync: useFactory failed: vault is sealed$/,
    ],
    [
      'a function that rejects, by the name of its broker',
      { name: 'far', useFactory: () => Promise.reject(new Error('vault is sealed')) },
      /^forRootAsync of the broker "far": useFactory failed: vault is sealed$/,
    ],
    [
      'a class that throws',
      {
        useClass: class Sealed {
          createOsloMessagingOptions() {
            throw new Error('no');
          }
        },
      },
      /^forRootAsync: Sealed\.createOsloMessagingOptions\(\) failed: no$/,
    ],
    ['a wrong option', { useFactory: () => ({ topci: 't' }) }, /"topci"; did you mean "topic"\?/],
  ])('fails the start for %s', async (_name, options, message) => {
    const error: unknown = await topicOf(untyped(options)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
  });

  it('keeps the error of the options as the cause', async () => {
    const cause = new Error('vault is sealed');
    await expect(topicOf({ useFactory: () => Promise.reject(cause) })).rejects.toMatchObject({ cause });
  });
});
