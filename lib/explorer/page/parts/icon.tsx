/** Paths of the icons, drawn on a square of 16. */
const PATHS = {
  overview: 'M2 9h5V2H2zM9 14h5V7H9zM2 14h5v-3H2zM9 5h5V2H9z',
  live: 'M1 8h3l2-5 3 10 2-5h4',
  charts: 'M2 2v12h12M5 11l3-4 2 2 4-5',
  topics: 'M8 2v4M8 10v4M3 14v-2q0-2 2-2h6q2 0 2 2v2M6 2h4v4H6z',
  call: 'M2 8h11M9 4l4 4-4 4',
  dead: 'M2 9l2-6h8l2 6v5H2zM2 9h4l1 2h2l1-2h4',
  slow: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.5V8l2.5 2',
  unknown: 'M5.5 6a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .7-1 1.7M8 12.6v.4',
  backoff: 'M2 13h3v-3h3V7h3V4h3',
  pause: 'M5 3v10M11 3v10',
  play: 'M4 3l9 5-9 5z',
  close: 'M4 4l8 8M12 4l-8 8',
  system: 'M2 3h12v8H2zM6 14h4M8 11v3',
  light:
    'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13',
  dark: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z',
  fault: 'M8 1.6 15 14H1zM8 6v4M8 12v.2',
  good: 'M3 8.5l3.2 3.2L13 4.8',
} as const;

/** Name of an icon. */
export type IconName = keyof typeof PATHS;

/** Icon beside a text; it says nothing that the text does not. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
