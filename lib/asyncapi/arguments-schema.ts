import type { JsonSchema } from './document.js';

/** Argument of a method. */
export interface DescribedArgument {
  readonly name: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

/** Schema of arguments of which nothing is known. */
export const ANY_ARGUMENTS: JsonSchema = {
  type: 'object',
  description: 'Keyword arguments. Their names are not known',
};

/** Returns the schema of an object of keyword arguments. @param strict true where an unknown argument is refused */
export function argumentsSchema(args: readonly DescribedArgument[], strict: boolean): JsonSchema {
  const required = args.filter((arg) => arg.required).map(({ name }) => name);
  return {
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(args.map(({ name, schema }) => [name, schema])),
    ...(strict && { additionalProperties: false }),
  };
}
