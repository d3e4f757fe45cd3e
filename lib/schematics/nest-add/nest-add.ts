import type { Rule } from '@angular-devkit/schematics';
import { checkedWord } from '../checks.js';
import { Project } from '../project.js';
import { devkit, tasks } from '../toolkit.js';
import { addHealth } from './health.js';
import { addServer } from './main-file.js';
import { addModule } from './root-module.js';

/** Options of `nest add`. The CLI gives the source root. */
export interface NestAddOptions {
  readonly sourceRoot?: string | undefined;
  readonly topic?: string | undefined;
  /** A text from the CLI 11. */
  readonly health: boolean | 'true' | 'false';
  readonly skipInstall: boolean;
  /** Short form of `--skip-install`: the CLI passes it on as it is. */
  readonly s?: boolean | undefined;
  /** Short form of `--dry-run`: the CLI passes it on as it is, and the devkit does not know it. */
  readonly d?: boolean | undefined;
}

/** Dependencies that the added code needs, besides Nest's own, by the major version of Nest. */
const TERMINUS: Readonly<Record<number, string>> = { 11: '^11.0.0', 12: '^12.0.0' };
const NEWEST = 12;

/** Adds the module, the server, shutdown hooks and health checks to an application. Run again, it changes nothing. */
export function nestAdd(options: NestAddOptions): Rule {
  return (tree, context) => {
    if (options.d) throw new devkit.SchematicsException('-d: the CLI does not pass it to schematics; give --dry-run');
    const project = new Project(tree, options.sourceRoot ?? 'src');
    if (project.isJavaScript)
      throw new devkit.SchematicsException(
        'The project is in JavaScript. The module needs the decorators of TypeScript',
      );
    const topic = checkedWord('topic', options.topic) ?? project.topic;
    const dependencies: Record<string, string> = { '@nestjs/microservices': project.rangeOf('@nestjs/core') ?? '*' };
    const module = addModule(project, context, topic);
    addServer(project, context);
    const health = wantsHealth(options) ? addHealth(project, context, module) : undefined;
    if (health) dependencies['@nestjs/terminus'] = TERMINUS[project.nestVersion ?? NEWEST] ?? TERMINUS[NEWEST] ?? '*';

    const added = project.addDependencies(dependencies);
    if (added.length > 0 && (options.skipInstall || options.s))
      context.logger.info(`Not installed yet: ${added.join(', ')}`);
    else if (added.length > 0) context.addTask(new tasks.NodePackageInstallTask());
    return health;
  };
}

/** The devkit of the CLI 12 reads `--no-health` as `--health`. */
function wantsHealth({ health }: NestAddOptions): boolean {
  return String(health) === 'true' && !process.argv.includes('--no-health');
}
