import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useMore } from './more.js';

/** Column of a table. The first one is the header of its row. */
export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** `number`: aligned to the right. `prose`: a sentence, which is wrapped. `action`: links or buttons. */
  readonly type?: 'number' | 'prose' | 'action';
  /** Text for the mouse. */
  readonly title?: (row: Row) => string | undefined;
}

interface DataTableProps<Row> {
  /** Unique in a view. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** Number of rows that are shown at first, and added by the button below. */
  readonly step?: number;
}

/** Table of a bounded number of rows. On a narrow screen, each row is a block with the names of its columns. */
export function DataTable<Row>({ label, columns, rows, rowKey, step = 50 }: DataTableProps<Row>) {
  const { shown, more } = useMore(rows, step);
  const box = useRef<HTMLDivElement>(null);
  const isScrolled = useIsScrolled(box);
  return (
    <>
      <div
        ref={box}
        class="table"
        {...(isScrolled && { tabIndex: 0, role: 'region', 'aria-label': `${label}, scrolls` })}
      >
        <table aria-label={label}>
          <thead>
            <tr>
              {columns.map(({ name, type = '' }) => (
                <th key={name} scope="col" class={type}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={rowKey(row)}>
                {columns.map(({ name, cell, type = '', title }, index) =>
                  index === 0 ? (
                    <th key={name} scope="row" class={type} title={title?.(row)} data-name={name}>
                      {cell(row)}
                    </th>
                  ) : (
                    <td key={name} class={type} title={title?.(row)} data-name={name}>
                      {cell(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more}
    </>
  );
}

/** Returns true while an element is wider than its place, so that it must be reachable by keyboard. */
function useIsScrolled(box: { readonly current: HTMLElement | null }): boolean {
  const [isScrolled, setIsScrolled] = useState(false);
  useEffect(() => {
    const { current } = box;
    if (!current) return undefined;
    const observer = new ResizeObserver(() =>
      setIsScrolled(current.scrollWidth > current.clientWidth + 1 || current.scrollHeight > current.clientHeight + 1),
    );
    observer.observe(current);
    if (current.firstElementChild) observer.observe(current.firstElementChild);
    return () => observer.disconnect();
  }, [box]);
  return isScrolled;
}
