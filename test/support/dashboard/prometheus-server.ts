import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../../../testkit/free-port.js';
import { DELETE_FOLDER, Reaper } from '../../../testkit/reaper.js';
import { eventually } from '../eventually.js';

/** Time between two scrapes, in seconds. */
export const SCRAPE_S = 5;

/** Address of the metrics of one process. */
export interface ScrapedProcess {
  readonly job: string;
  readonly instance: string;
  readonly port: number;
}

/** One series of an answer: its labels, and values by times in seconds. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: string])[];
}

/** Rule as Prometheus has evaluated it. */
export interface EvaluatedRule {
  readonly name: string;
  readonly state: string;
  readonly lastError?: string;
}

/** A private Prometheus on a loopback port, with its data below a temporary folder. */
export class PrometheusServer {
  private constructor(
    private readonly url: string,
    private readonly child: ChildProcess,
    private readonly reaper: Reaper,
  ) {}

  /** Resolves when it answers. @param rules file of alerts */
  static async start(processes: readonly ScrapedProcess[], rules: string): Promise<PrometheusServer> {
    const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
    const port = await freePort();
    const scraped = processes.map(({ job, instance, port: at }) => ({
      job_name: job,
      static_configs: [{ targets: [`127.0.0.1:${at}`], labels: { instance } }],
    }));
    const interval = `${SCRAPE_S}s`;
    const config = {
      global: { scrape_interval: interval, evaluation_interval: interval },
      rule_files: [rules],
      scrape_configs: scraped,
    };
    writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
    const output = openSync(join(folder, 'output'), 'w');
    const args = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
    const child = spawn('prometheus', [...args, `--web.listen-address=127.0.0.1:${port}`], {
      detached: true,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    const reaper = new Reaper(DELETE_FOLDER, folder);
    reaper.watch(child.pid ?? 0);
    const server = new PrometheusServer(`http://127.0.0.1:${port}`, child, reaper);
    await eventually(async () => {
      if (!(await fetch(`${server.url}/-/ready`)).ok) throw new Error('not ready');
    });
    return server;
  }

  /** Returns the series of a query between two times in seconds. */
  async range(query: string, start: number, end: number): Promise<readonly Series[]> {
    const { result } = await this.ask<{ result: readonly Series[] }>('query_range', {
      query,
      start,
      end,
      step: SCRAPE_S,
    });
    return result;
  }

  /** Returns the values of a label among the series of a selector. */
  labelValues(label: string, selector: string): Promise<readonly string[]> {
    return this.ask(`label/${label}/values`, { 'match[]': selector });
  }

  async rules(): Promise<readonly EvaluatedRule[]> {
    const { groups } = await this.ask<{ groups: readonly { rules: readonly EvaluatedRule[] }[] }>('rules', {});
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
    this.reaper.watch(0);
    await this.reaper.release();
  }

  private async ask<T>(path: string, query: Readonly<Record<string, string | number>>): Promise<T> {
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, `${value}`]),
    );
    const response = await fetch(`${this.url}/api/v1/${path}?${search}`);
    const { data, error } = (await response.json()) as { data?: T; error?: string };
    if (data === undefined) throw new Error(`Prometheus refuses ${path} ${search}: ${error}`);
    return data;
  }
}
