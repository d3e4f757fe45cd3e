import { dictOf, listOf, setOf } from './compound-fields.js';
import { object } from './object-field.js';
import * as scalars from './scalar-fields.js';

/**
 * Types of versioned fields, each with `.nullable()`, `.default(value)` and `.readOnly()`. A value is coerced where nothing
 * is lost (`'7'` to `7`), else refused with {@link InvalidFieldValue}. Source: oslo_versionedobjects.fields.
 */
export const fields = { ...scalars, object, listOf, setOf, dictOf };
