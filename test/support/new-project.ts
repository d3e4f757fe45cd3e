import { defaultProject, type Files, type Result, runSchematic, treeOf } from './schematics.js';

/** Program of a new project. */
export const MAIN = '/src/main.ts';
/** Root module of a new project. */
export const MODULE = '/src/app.module.ts';

/** Files of a new project. */
export const project = await defaultProject();

/** Runs `nest-add` on a new project in which some files are different. */
export function add(files: Files = {}, options: object = {}): Promise<Result> {
  return generate('nest-add', options, files);
}

/** Runs a schematic on a new project in which some files are different. */
export function generate(schematic: string, options: object, files: Files = {}): Promise<Result> {
  return runSchematic(schematic, { sourceRoot: 'src', ...options }, treeOf({ ...project, ...files }));
}

/** Returns the text of the project's package.json with other fields. */
export const manifest = (fields: object) =>
  JSON.stringify({ ...(JSON.parse(project['/package.json'] ?? '{}') as object), ...fields });

/** Returns the text of a program. */
export const main = (body: string, imports = '') => `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';
${imports}
async function bootstrap() {
${body}
}
bootstrap();
`;
