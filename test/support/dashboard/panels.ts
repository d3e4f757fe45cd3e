import { readFileSync } from 'node:fs';
import type { PrometheusServer } from './prometheus-server.js';

interface Query {
  readonly expr: string;
  readonly legendFormat: string;
}

interface DashboardPanel {
  readonly type: 'row' | 'stat' | 'timeseries';
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly targets?: readonly Query[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly allValue?: string;
}

interface Dashboard {
  readonly title: string;
  readonly panels: readonly DashboardPanel[];
  readonly templating: { readonly list: readonly Variable[] };
}

/** Line of a panel. Each value has its time, in seconds. */
export interface Line {
  readonly name: string;
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** Panel with the answers to its queries. */
export interface AnsweredPanel extends Pick<DashboardPanel, 'type' | 'title' | 'gridPos'> {
  readonly unit: string;
  readonly lines: readonly Line[];
}

/** Dashboard with the answers to all of its queries. */
export interface AnsweredDashboard {
  readonly title: string;
  /** Names of the variables, with the values to choose from. */
  readonly variables: Readonly<Record<string, readonly string[]>>;
  readonly start: number;
  readonly end: number;
  readonly panels: readonly AnsweredPanel[];
}

/** Asks Prometheus the queries of a dashboard, with "All" for each variable. @throws Error where an answer is empty */
export async function answer(
  file: string,
  prometheus: PrometheusServer,
  start: number,
  end: number,
): Promise<AnsweredDashboard> {
  const { title, panels, templating } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
  const chosen = templating.list.filter(({ type }) => type === 'query');
  const variables: Record<string, readonly string[]> = {};
  for (const { name, query } of chosen) {
    const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
    variables[name] = filled(await prometheus.labelValues(label, selector), `variable ${name}`);
  }
  const answered: AnsweredPanel[] = [];
  for (const { targets = [], fieldConfig, type, title: name, gridPos } of panels) {
    const lines: Line[] = [];
    for (const { expr, legendFormat } of targets) {
      const query = expr.replaceAll(
        /\$(\w+)/g,
        (_, of: string) => chosen.find((one) => one.name === of)?.allValue ?? '',
      );
      const series = await prometheus.range(query, start, end);
      lines.push(...filled(series, `query of "${name}": ${query}`).flatMap((one) => lineOf(one, legendFormat)));
    }
    const unit = fieldConfig?.defaults.unit ?? 'none';
    answered.push({ type, title: name, gridPos, unit, lines: targets.length > 0 ? filled(lines, `"${name}"`) : lines });
  }
  return { title, variables, start, end, panels: answered };
}

/** Quantiles are NaN while nothing is observed: Grafana draws no line then. */
function lineOf(
  { metric, values }: { metric: Readonly<Record<string, string>>; values: readonly (readonly [number, string])[] },
  legendFormat: string,
): Line[] {
  const points = values
    .map(([time, value]) => [time, Number(value)] as const)
    .filter(([, value]) => !Number.isNaN(value));
  const name = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '');
  if (points.length === 0) return [];
  return [{ name, times: points.map(([time]) => time), values: points.map(([, value]) => value) }];
}

function filled<T>(values: readonly T[], of: string): readonly T[] {
  if (values.length === 0) throw new Error(`Prometheus has nothing for the ${of}`);
  return values;
}
