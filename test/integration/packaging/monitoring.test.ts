import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as library from 'nestjs-oslo-messaging';
import { prometheus } from 'nestjs-oslo-messaging/prometheus';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { snakeCase } from '../../../lib/core/snake-case.js';
import { itWithPrometheus } from '../../support/environment.js';

const FOLDER = fileURLToPath(new URL('../../../docs/monitoring/', import.meta.url));
const fileOf = (name: string) => readFileSync(FOLDER + name, 'utf8');

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}
/** Tests of the alerts, in the form of promtool. */
interface RuleTest {
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts?: readonly unknown[] }[];
}

const dashboard = JSON.parse(fileOf('grafana-dashboard.json')) as { readonly panels: readonly Panel[] };
const { groups } = parse(fileOf('alerts.yaml')) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const { tests } = parse(fileOf('alerts-test.yaml')) as { readonly tests: readonly RuleTest[] };
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets);

/** Labels that Prometheus adds to each series. */
const ADDED = ['job', 'instance', 'le', '__name__'];

/** Labels of each series by its name. A histogram has three names. */
async function knownSeries(): Promise<ReadonlyMap<string, readonly string[]>> {
  const register = new Registry();
  prometheus({ register, backlog: true });
  return new Map(
    register.getMetricsAsArray().flatMap((metric): [string, readonly string[]][] => {
      const { name, labelNames } = metric as unknown as { name: string; labelNames: readonly string[] };
      const parts = name.endsWith('_seconds') ? ['', '_bucket', '_sum', '_count'] : [''];
      return parts.map((part) => [name + part, labelNames]);
    }),
  );
}

it.each([
  ['the dashboard', () => queries.map(({ expr }) => expr)],
  ['the alerts', () => rules.map(({ expr }) => expr)],
  ['the tests of the alerts', () => tests.flatMap((test) => test.input_series.map(({ series }) => series))],
])('%s name only metrics, labels and events that exist', async (_name, expressions) => {
  const known = await knownSeries();
  const events = Object.keys(library.getRpcTransport({ transportUrl: 'memory://' }).counts).map(snakeCase);
  const texts = expressions();
  expect(texts.length).toBeGreaterThan(12);
  for (const text of texts) {
    const names = [...text.matchAll(/oslo_messaging_\w+/g)].map(([name]) => name);
    expect(names.length, text).toBeGreaterThan(0);
    for (const name of names) expect([...known.keys()], text).toContain(name);
    const labels = new Set(names.flatMap((name) => known.get(name) ?? []));
    const filters = [...text.matchAll(/\{([^{}]*)\}/g)].flatMap(([, inner = '']) => inner.split(/,\s*(?=\w+[=!])/));
    const grouped = [...text.matchAll(/by \(([^)]*)\)/g)].flatMap(([, inner = '']) => inner.split(/,\s*/));
    for (const label of [...filters.map((filter) => filter.replace(/[=!].*/s, '')), ...grouped])
      expect([...labels, ...ADDED], `${text}: ${label}`).toContain(label);
    for (const [, value = ''] of text.matchAll(/event[=!]~?"([^"]*)"/g))
      for (const event of value.split('|')) expect(events, text).toContain(event);
    for (const pair of ['()', '{}', '[]']) {
      const count = (bracket: string) => text.split(bracket).length;
      expect(count(pair[0] ?? ''), text).toBe(count(pair[1] ?? ''));
    }
  }
});

it('the dashboard and the alerts use each metric of requests, and explain themselves', async () => {
  const used = [...queries, ...rules].map(({ expr }) => expr).join(' ');
  const unused = [...(await knownSeries()).keys()].filter((name) => /_(start_total|exception_total)$/.test(name));
  expect(unused.filter((name) => !used.includes(name) && !/notifier|listener/.test(name))).toEqual([]);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { labels, annotations } of rules) {
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(annotations.summary.length * annotations.description.length).toBeGreaterThan(0);
  }
});

it('the alerts name only headings of the runbook, labels and errors that exist', async () => {
  const runbook = readFileSync(`${FOLDER}../how-to/runbook.md`, 'utf8');
  const known = await knownSeries();
  const named = { headings: 0, labels: 0, classes: 0 };
  for (const { expr, annotations } of rules) {
    const { description } = annotations;
    for (const [, heading = ''] of description.matchAll(/runbook[^."]*"([^"]*)"/g)) {
      named.headings++;
      expect(runbook.split('\n'), description).toContain(`## ${heading}`);
    }
    for (const [, label = '', metric = ''] of description.matchAll(/label (\w+)(?: of (\w+))?/g)) {
      named.labels++;
      // An alert has the labels that it is summed by.
      const grouped = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(', ');
      expect(known.get(metric) ?? grouped, description).toContain(label);
    }
    for (const [, classes = ''] of expr.matchAll(/exception[=!]~?"([^"]*)"/g))
      for (const name of classes.split('|')) {
        named.classes++;
        expect(Object.keys(library), expr).toContain(name);
      }
  }
  expect(named).toEqual({ headings: 1, labels: 1, classes: 5 });
});

it('an alert sees the one server of a transport that has no free slot', () => {
  // Slots are a sum over all servers: beside an idle one, those in work never reach it.
  const { expr } = rules.find(({ alert }) => alert === 'OsloMessagingSlotsExhausted') ?? {};
  expect(expr).toBe('oslo_messaging_waiting_for_slot > 0');
});

it('each alert has a test in which it fires, and one in which it does not', () => {
  const cases = tests.flatMap((test) => test.alert_rule_test);
  const named = (fires: boolean) =>
    new Set(cases.filter((one) => (one.exp_alerts !== undefined) === fires).map(({ alertname }) => alertname));
  for (const fires of [true, false])
    expect([...named(fires)].sort(), String(fires)).toEqual(rules.map(({ alert }) => alert).sort());
});

itWithPrometheus('Prometheus reads the alerts, and they pass their tests', () => {
  for (const args of [
    ['check', 'rules', 'alerts.yaml'],
    ['test', 'rules', 'alerts-test.yaml'],
  ]) {
    const { stdout, stderr, status } = spawnSync('promtool', args, { cwd: FOLDER, encoding: 'utf8' });
    expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
  }
});
