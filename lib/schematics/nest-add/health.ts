import type { Rule, SchematicContext } from '@angular-devkit/schematics';
import { ask, leave, type Project } from '../project.js';
import { devkit } from '../toolkit.js';
import { programOf } from './program.js';
import { addToImports, type ModulePath } from './root-module.js';

/** A controller of its own, or a method of a controller without a path. */
const ROUTE =
  /@Controller\(\s*(?:\{[^}]*path:\s*)?['"`]\/?health\b|@Controller\(\s*\)[\s\S]*@(?:Get|All)\(\s*['"`]\/?health\b/;

const INDICATOR = [
  "import { OsloMessagingHealth } from 'nestjs-oslo-messaging';",
  '',
  'constructor(private readonly messaging: OsloMessagingHealth) {}',
  '',
  "() => this.messaging.isHealthy('rabbitmq'), // one more indicator of health.check([…])",
];

/**
 * Adds a module with the route `/health` to an application that serves HTTP, unless it has one. Returns the rule that writes
 * its files, for which Terminus is needed.
 */
export function addHealth(project: Project, context: SchematicContext, root: ModulePath): Rule | undefined {
  const folder = project.path('health');
  const present = project.find(/\bOsloMessagingHealth\b/);
  if (present !== undefined) {
    leave(context, present, 'it uses OsloMessagingHealth already');
    return undefined;
  }
  const kind = programOf(project)?.kind;
  if (kind === 'microservice' || kind === 'context') {
    leave(context, folder, 'the program serves no HTTP');
    return undefined;
  }
  const file = [`${folder}/health.module.ts`, `${folder}/health.controller.ts`].find((path) =>
    project.tree.exists(path),
  );
  const taken = file ?? project.find(ROUTE);
  if (taken !== undefined) {
    ask(context, taken, 'it is about health already', 'Add this to its health check by hand', INDICATOR);
    return undefined;
  }
  const { importSuffix } = project;
  addToImports(project, context, root, { name: 'HealthModule', from: `./health/health.module${importSuffix}` });
  const files = devkit.apply(devkit.url('./files/health'), [
    devkit.applyTemplates({ importSuffix }),
    devkit.move(folder),
  ]);
  return devkit.mergeWith(files);
}
