import { ModulesContainer, NestFactory } from '@nestjs/core';
import type { OsloMessagingOptions } from '../internal.js';
import { staticOptions } from '../internal-nest.js';
import { createAsyncApiDocument } from './create-document.js';
import type { AsyncApiDocument, AsyncApiInfo } from './document.js';
import type { ToJsonSchema } from './standard-json-schema.js';

/** Class of a Nest module. */
export type ModuleClass = new (...args: never[]) => object;

/**
 * Describes the application of a Nest module. Nothing of it is instantiated, so that it needs no broker and no database.
 * @param messaging options that win over those of the `forRoot` without a name
 * @throws ConfigurationError as {@link createAsyncApiDocument}; errors of Nest about the module
 */
export async function describeModule(
  module: ModuleClass,
  info: AsyncApiInfo,
  messaging: OsloMessagingOptions,
  toJsonSchema: ToJsonSchema | undefined,
): Promise<AsyncApiDocument> {
  const app = await NestFactory.createApplicationContext(module, { preview: true, logger: false, abortOnError: false });
  try {
    const own = await staticOptions(app.get(ModulesContainer, { strict: false }));
    const named = own.filter(({ name }) => name !== undefined);
    const unnamed = { transportUrl: 'memory://', ...own.find(({ name }) => name === undefined), ...messaging };
    return createAsyncApiDocument(app, info, { messaging: [unnamed, ...named], toJsonSchema });
  } finally {
    await app.close();
  }
}

/** Returns true for the class of a Nest module. */
export function isModuleClass(value: unknown): value is ModuleClass {
  return typeof value === 'function' && MODULE_METADATA.some((key) => Reflect.hasOwnMetadata(key, value));
}

/** Metadata keys of `@Module()`. */
const MODULE_METADATA = ['imports', 'providers', 'controllers', 'exports'];
