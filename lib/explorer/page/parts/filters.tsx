import type { ComponentChildren } from 'preact';
import { setFilters } from '../state/route.js';

interface SearchProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
}

/** Text filter of a view; its value is part of the URL. */
export function Search({ name, label, value, placeholder = '' }: SearchProps) {
  return (
    <label class="field grow">
      <span class="sr-only">{label}</span>
      <input
        type="search"
        value={value}
        placeholder={placeholder === '' ? label : placeholder}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => setFilters({ [name]: event.currentTarget.value })}
      />
    </label>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  /** Values and their texts. The empty value is that of no filter. */
  readonly options: readonly (readonly [string, string])[];
}

/** Filter with a few values; its value is part of the URL. */
export function Choice({ name, label, value, options }: ChoiceProps) {
  return (
    <label class="field">
      <span class="sr-only">{label}</span>
      <select value={value} onChange={(event) => setFilters({ [name]: event.currentTarget.value })}>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Row of filters and buttons. */
export function Toolbar({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <fieldset class="toolbar" aria-label={label}>
      {children}
    </fieldset>
  );
}
