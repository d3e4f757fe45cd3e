import { useEffect, useState } from 'preact/hooks';

/** Theme: that of the system, or a fixed one. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'oslo-explorer-theme';
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const dark = matchMedia('(prefers-color-scheme: dark)');

function storedTheme(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';
  } catch {
    return 'system';
  }
}

const listeners = new Set<() => void>();
let theme = storedTheme();

/** Applies the theme to the document, and follows the system's. */
export function startTheme(): void {
  dark.addEventListener('change', apply);
  apply();
}

function apply(): void {
  document.documentElement.dataset['theme'] = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
  for (const listener of listeners) listener();
}

/** Takes the next theme, and remembers it. It is all that the page keeps. */
export function nextTheme(): void {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  try {
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // A browser without storage forgets it.
  }
  apply();
}

/** Returns the theme, and the one that is shown. */
export function useTheme(): { readonly theme: Theme; readonly shown: string } {
  const [, render] = useState(0);
  useEffect(() => {
    const listener = () => render((version) => version + 1);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return { theme, shown: document.documentElement.dataset['theme'] ?? 'light' };
}
