/** Traceback of an error, or nothing. */
export function Traceback({ lines }: { readonly lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <details open>
      <summary>Traceback of the server</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section class="json" tabIndex={0} aria-label="Traceback">
        <pre>{lines.map((line) => line.trimEnd()).join('\n')}</pre>
      </section>
    </details>
  );
}
