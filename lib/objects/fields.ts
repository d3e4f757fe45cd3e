import { dictOf, listOf, setOf } from './compound-fields.js';
import { object } from './object-field.js';
import { any, boolean, dateTime, float, integer, oneOf, string, uuid } from './scalar-fields.js';

/**
 * Types of versioned fields, each with `.nullable()`, `.default(value)` and `.readOnly()`. A value is coerced where nothing
 * is lost (`'7'` to `7`), else refused with {@link InvalidFieldValue}. Source: oslo_versionedobjects.fields.
 */
export const fields = {
  string,
  uuid,
  integer,
  float,
  boolean,
  dateTime,
  /** Makes the type of one of some strings. Source: oslo_versionedobjects.fields.Enum. @throws ConfigurationError without strings */
  enum: oneOf,
  any,
  object,
  listOf,
  setOf,
  dictOf,
};
