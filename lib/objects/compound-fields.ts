import { ConfigurationError } from '../core/errors.js';
import { FieldType } from './field-type.js';

/** Returns the elements of an array or a set, and undefined for any other value. */
function elementsOf(value: unknown): unknown[] | undefined {
  return Array.isArray(value) || value instanceof Set ? [...value] : undefined;
}

function checkElement(element: unknown, field: string): void {
  if (!(element instanceof FieldType))
    throw new ConfigurationError(`fields.${field}: expected the type of its elements, such as fields.string()`);
}

/** Makes the type of a list. Source: oslo_versionedobjects.fields.List. @throws ConfigurationError without a type of the elements */
export const listOf = <T>(element: FieldType<T>): FieldType<T[]> => {
  checkElement(element, 'listOf');
  return FieldType.of<T[]>({
    allowed: () => `a list of which each element is ${element.allowed()}`,
    read: (primitive, at) => elementsOf(primitive)?.map((item, index) => element.read(item, at.element(index))),
    write: (value, at) => elementsOf(value)?.map((item, index) => element.write(item, at.element(index))),
    mark: (value, markObject) => elementsOf(value)?.map((item) => element.mark(item, markObject)),
    schema: (ofClass) => ({ type: 'array', items: element.jsonSchema(ofClass) }),
  });
};

/** Makes the type of a set, which is sent as a list. Source: oslo_versionedobjects.fields.Set. @throws ConfigurationError without a type of the elements */
export const setOf = <T>(element: FieldType<T>): FieldType<Set<T>> => {
  checkElement(element, 'setOf');
  return FieldType.of<Set<T>>({
    allowed: () => `a set of which each element is ${element.allowed()}`,
    read: (primitive, at) => {
      const elements = elementsOf(primitive);
      return elements && new Set(elements.map((item, index) => element.read(item, at.element(index))));
    },
    write: (value, at) => elementsOf(value)?.map((item, index) => element.write(item, at.element(index))),
    mark: (value, markObject) => new Set(elementsOf(value)?.map((item) => element.mark(item, markObject))),
    schema: (ofClass) => ({ type: 'array', items: element.jsonSchema(ofClass), uniqueItems: true }),
  });
};

/** Makes the type of a dictionary: an object with keys of any name. Source: oslo_versionedobjects.fields.Dict. @throws ConfigurationError without a type of the members */
export const dictOf = <T>(element: FieldType<T>): FieldType<Record<string, T>> => {
  checkElement(element, 'dictOf');
  const each = <R>(value: unknown, convert: (item: unknown, key: string) => R): Record<string, R> | undefined => {
    const entries = entriesOf(value);
    return entries && Object.fromEntries(entries.map(([key, item]) => [key, convert(item, key)]));
  };
  return FieldType.of<Record<string, T>>({
    allowed: () => `an object of which each member is ${element.allowed()}`,
    read: (primitive, at) => each(primitive, (item, key) => element.read(item, at.element(key))),
    write: (value, at) => each(value, (item, key) => element.write(item, at.element(key))),
    mark: (value, markObject) => each(value, (item) => element.mark(item, markObject)),
    schema: (ofClass) => ({ type: 'object', additionalProperties: element.jsonSchema(ofClass) }),
  });
};

function entriesOf(value: unknown): [string, unknown][] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Set) return undefined;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  // As everywhere in this library, an undefined member counts as absent.
  return entries.filter(([, item]) => item !== undefined).map(([key, item]) => [String(key), item]);
}
