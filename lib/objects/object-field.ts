import { ConfigurationError } from '../core/errors.js';
import { checkOptions, flag } from '../core/option-rules.js';
import { FieldType } from './field-type.js';
import { definitionOf, definitionOfClass, type ObjectClass } from './registry.js';

/** Options of an object field. */
export interface ObjectFieldOptions {
  /** Accept objects of classes that extend the class too. @default false */
  subclasses?: boolean | undefined;
}

/**
 * Makes the type of a versioned object. Source: oslo_versionedobjects.fields.ObjectField.
 * @param type class of the object, or a function that returns the class where it is declared later
 * @throws ConfigurationError for an unknown or ill-typed option, or no class
 */
export const object = <T extends object>(
  type: ObjectClass<T> | (() => ObjectClass<T>),
  options: ObjectFieldOptions = {},
): FieldType<T> => {
  checkOptions(options, { subclasses: flag }, '', 'fields.object option');
  if (typeof type !== 'function')
    throw new ConfigurationError('fields.object: expected a class, or a function that returns it');
  const { subclasses = false } = options;
  const classOf = () => (isClass(type) ? type : type());
  const fits = (value: unknown): value is T => {
    if (typeof value !== 'object' || value === null) return false;
    // By name, as in Python: two versions of one object are two classes.
    const name = definitionOf(value)?.name;
    return name !== undefined && (name === nameOf(classOf()) || (subclasses && value instanceof classOf()));
  };
  const allowed = () => `an object ${nameOf(classOf()) ?? classOf().name}`;
  return FieldType.of<T>({
    allowed,
    read: (primitive, at) => {
      const built = at.codec.read(primitive);
      if (fits(built)) return built;
      // The error is clearer for the built object than for its primitive.
      if (built !== primitive) throw at.refuse(built, allowed());
      return undefined;
    },
    write: (value, at) => (fits(value) ? at.codec.write(value) : undefined),
    mark: (value, markObject) => (fits(value) ? markObject(value) : value),
    schema: (ofClass) => ofClass(classOf()),
  });
};

function nameOf(objectClass: ObjectClass): string | undefined {
  return definitionOfClass(objectClass)?.name;
}

/** Returns true for a class: an arrow function has no prototype. */
function isClass<T extends object>(type: ObjectClass<T> | (() => ObjectClass<T>)): type is ObjectClass<T> {
  return Object.hasOwn(type, 'prototype');
}
