import { useId } from 'preact/hooks';
import { type FieldErrors, pathOf, type Texts } from './field-values.js';
import type { Property, Shape } from './schema-shape.js';

interface FieldsProps {
  readonly properties: readonly Property[];
  readonly texts: Texts;
  readonly errors: FieldErrors;
  readonly onText: (path: string, text: string) => void;
  readonly parent?: string;
}

/** Fields of a form, made from a schema. */
export function Fields({ properties, parent = '', ...rest }: FieldsProps) {
  return (
    <>
      {properties.map((property) => {
        const path = pathOf(parent, property.name);
        const { shape, name, isRequired, doc } = property;
        if (shape.kind !== 'object') return <Field key={path} property={property} path={path} {...rest} />;
        return (
          <fieldset key={path}>
            <legend>
              {name} {!isRequired && <span class="muted">optional</span>}
            </legend>
            {doc !== undefined && <p class="note">{doc}</p>}
            <Fields properties={shape.properties} parent={path} {...rest} />
          </fieldset>
        );
      })}
    </>
  );
}

interface FieldProps extends Omit<FieldsProps, 'properties' | 'parent'> {
  readonly property: Property;
  readonly path: string;
}

function Field({ property, path, texts, errors, onText }: FieldProps) {
  const id = useId();
  const { name, type, doc, isRequired, shape } = property;
  const error = errors[path];
  return (
    <div class="form-field">
      <label for={id}>
        {name}{' '}
        <span class="muted">
          {type}
          {isRequired ? '' : ', optional'}
        </span>
      </label>
      <Input
        shape={shape}
        value={texts[path] ?? ''}
        isRequired={isRequired}
        onText={(text) => onText(path, text)}
        attributes={{
          id,
          'aria-required': isRequired,
          'aria-invalid': error !== undefined,
          'aria-describedby': `${id}-doc ${id}-error`,
        }}
      />
      {doc !== undefined && (
        <p class="note" id={`${id}-doc`}>
          {doc}
        </p>
      )}
      <p class="field-error" id={`${id}-error`}>
        {error}
      </p>
    </div>
  );
}

interface InputProps {
  readonly shape: Shape;
  readonly value: string;
  readonly isRequired: boolean;
  readonly onText: (text: string) => void;
  readonly attributes: {
    readonly id: string;
    readonly 'aria-required': boolean;
    readonly 'aria-invalid': boolean;
    readonly 'aria-describedby': string;
  };
}

function Input({ shape, value, isRequired, onText, attributes }: InputProps) {
  if (shape.kind === 'choice' || shape.kind === 'boolean') {
    const values: readonly unknown[] = shape.kind === 'choice' ? shape.values : [true, false];
    return (
      <select value={value} onChange={(event) => onText(event.currentTarget.value)} {...attributes}>
        <option value="">{isRequired ? 'Choose …' : 'Left out'}</option>
        {values.map((one) => (
          <option key={JSON.stringify(one)} value={JSON.stringify(one)}>
            {typeof one === 'string' ? one : JSON.stringify(one)}
          </option>
        ))}
      </select>
    );
  }
  const onInput = (event: { readonly currentTarget: { readonly value: string } }) => onText(event.currentTarget.value);
  const common = { value, onInput, spellcheck: false, ...attributes };
  if (shape.kind === 'json') return <textarea rows={3} placeholder="JSON" {...common} />;
  return <input type="text" inputMode={shape.kind === 'number' ? 'decimal' : 'text'} autocomplete="off" {...common} />;
}
