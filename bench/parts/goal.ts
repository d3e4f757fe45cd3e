/** Sections of the table of goals, in its order. Within a section, the goals are in the order in which the parts run. */
export const SECTIONS = [
  'calls',
  'notifications',
  'scale',
  'fleet',
  'overload',
  'memory beside TCP',
  'observation',
  'memory beside RabbitMQ',
  'start',
  'versions of Node.js',
] as const;

type Section = (typeof SECTIONS)[number];

/** A limit of a figure, which is undefined or null where it was not measured. */
export type Goal = [goal: string, way: 'at least' | 'at most', limit: number, value: number | null | undefined];

/** Goals of a part, by the section in which they are shown. */
export type Goals = Partial<Record<Section, Goal[]>>;
