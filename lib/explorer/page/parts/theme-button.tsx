import { nextTheme, useTheme } from '../state/theme.js';
import { Icon } from './icon.js';

/** Button that changes between the system's theme, light and dark. */
export function ThemeButton() {
  const { theme } = useTheme();
  return (
    <button type="button" class="quiet" onClick={nextTheme} title={`Theme: ${theme}`}>
      <Icon name={theme} />
      <span class="sr-only">Theme: {theme}. Change</span>
    </button>
  );
}
