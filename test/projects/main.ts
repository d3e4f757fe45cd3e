import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { textTable } from '../support/text-table.js';
import { CliProject, packLibrary, projectsFolder } from './cli-project.js';
import { addPrograms, COMPILERS, compile, KINDS, type Kind } from './compilers.js';
import { runStep, STEPS, VARIANTS, type Variant } from './variants.js';

// npm run test:compatibility [-- TEXT]: the built package in the default projects of Nest's CLI, each set up and run in several
// ways, and strict programs compiled by several versions of TypeScript. TEXT chooses the rows whose titles contain it.
const root = resolve('.');
const chosen = process.argv[2] ?? '';
const failures: string[] = [];

/** Returns a cell of a table: seconds, or a failure that is printed at the end. */
async function cell(title: string, work: () => Promise<unknown>): Promise<string> {
  const begin = performance.now();
  try {
    await work();
    return `ok ${((performance.now() - begin) / 1000).toFixed(1)} s`;
  } catch (error) {
    failures.push(`${title}\n${error instanceof Error ? error.message : String(error)}`);
    return 'FAILED';
  }
}

/** Projects by what is installed in them. */
class Projects {
  private readonly made = new Map<string, Promise<CliProject>>();

  constructor(
    private readonly folder: string,
    private readonly archive: string,
  ) {}

  /** Returns the project of a variant. Variants with the same packages share one. */
  for({ cli, manager, others }: Pick<Variant, 'cli' | 'manager' | 'others'>): Promise<CliProject> {
    const key = JSON.stringify([cli, manager, others]);
    const project = this.made.get(key) ?? this.make({ cli, manager, others });
    this.made.set(key, project);
    return project;
  }

  private async make({ cli, ...options }: Pick<Variant, 'cli' | 'manager' | 'others'>): Promise<CliProject> {
    const project = await CliProject.make(cli, this.folder, `project-${this.made.size + 1}`);
    await project.install(this.archive, options);
    return project;
  }
}

async function runVariants(projects: Projects): Promise<void> {
  const rows: string[][] = [];
  for (const variant of VARIANTS.filter(({ title }) => title.includes(chosen))) {
    let project: CliProject | undefined;
    const installed = await cell(`${variant.title}: install`, async () => {
      project = await projects.for(variant);
    });
    const row = [variant.title, installed];
    for (const step of project ? STEPS : []) {
      const installedProject = project as CliProject;
      row.push(await cell(`${variant.title}: ${step}`, () => runStep(step, installedProject, variant, root)));
    }
    console.log(row.join(' | '));
    rows.push(row);
  }
  if (rows.length > 0) console.log(`\n${textTable([['project', 'install', ...STEPS], ...rows])}\n`);
}

async function runCompilers(projects: Projects): Promise<void> {
  const titleOf = ({ cli, type, resolution }: Kind) => `Nest ${cli}, ${type}, ${resolution}`;
  const rows: string[][] = [];
  for (const kind of KINDS.filter((one) => `TypeScript: ${titleOf(one)}`.includes(chosen))) {
    const project = await projects.for({ cli: kind.cli, others: ['prom-client', '@opentelemetry/api'] });
    await addPrograms(project);
    const row = [titleOf(kind)];
    for (const compiler of COMPILERS) {
      const title = `TypeScript ${compiler}: ${titleOf(kind)}`;
      row.push(
        kind.without?.includes(compiler) ? '–' : await cell(title, () => compile(compiler, kind, project, root)),
      );
    }
    console.log(row.join(' | '));
    rows.push(row);
  }
  if (rows.length > 0) console.log(`\n${textTable([['TypeScript', ...COMPILERS], ...rows])}\n`);
}

const folder = await projectsFolder();
try {
  const projects = new Projects(folder, await packLibrary(folder));
  await runVariants(projects);
  await runCompilers(projects);
} finally {
  await rm(folder, { recursive: true, force: true });
}
for (const failure of failures) console.error(`\n${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;
