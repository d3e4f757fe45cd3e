import { indented } from './json-indent.js';

/** JSON, or another text of the wire: always text, never markup. */
export function JsonText({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section class="json" tabIndex={0} aria-label={label}>
      <pre>{indented(text)}</pre>
    </section>
  );
}
