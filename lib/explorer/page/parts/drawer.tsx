import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.js';

interface DrawerProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** Element that gets the focus at the end where the opener has gone. */
  readonly origin?: RefObject<HTMLElement | null>;
}

/** Modal dialog at the side of the page. The browser keeps the focus inside, and gives it back at the end. */
export function Drawer({ title, onClose, children, origin }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const { current } = dialog;
    const opener = document.activeElement;
    current?.showModal();
    return () => {
      current?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
      else origin?.current?.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog; a click beside it is for the mouse alone.
    <dialog
      ref={dialog}
      class="drawer"
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="drawer-body">
        <div class="drawer-head">
          <h2>{title}</h2>
          <button type="button" class="quiet" onClick={onClose}>
            <Icon name="close" />
            Close
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
