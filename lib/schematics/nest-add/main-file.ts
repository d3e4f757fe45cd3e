import type { SchematicContext } from '@angular-devkit/schematics';
import { ask, leave, type Project } from '../project.js';
import { type Program, programOf } from './program.js';

const IMPORT = "import { OsloServer } from 'nestjs-oslo-messaging';";

/** Lines that start the server beside HTTP. */
function serverLines(app: string, has: (method: string) => boolean): string[] {
  return [
    ...(has('enableShutdownHooks')
      ? []
      : ['// SIGTERM and Ctrl+C: finish running handlers, then disconnect', `${app}.enableShutdownHooks();`]),
    ...(has('init') ? [] : [`await ${app}.init();`]),
    `${app}.connectMicroservice(`,
    `  { strategy: ${app}.get(OsloServer) },`,
    '  { inheritAppConfig: true },',
    ');',
    ...(has('startAllMicroservices') ? [] : [`await ${app}.startAllMicroservices();`]),
  ];
}

/** Code that the user adds, with the reason. */
interface ByHand {
  readonly reason: string;
  readonly todo: string;
  readonly lines: readonly string[];
}

/** Adds the server and shutdown hooks to the program, unless it has a server, or tells the user how to. */
export function addServer(project: Project, context: SchematicContext): void {
  const path = project.entryFile;
  const program = programOf(project);
  if (program?.hasServer) {
    leave(context, path, 'it uses OsloServer already');
    return;
  }
  const none = { reason: 'there is no such file', lines: serverLines('app', () => false) };
  const changed = program ? withServer(program) : besideHttp(none);
  if (typeof changed === 'string') project.tree.overwrite(path, changed);
  else ask(context, path, changed.reason, changed.todo, changed.lines);
}

/** Text of the program with the server, or what to add by hand. */
function withServer(program: Program): string | ByHand {
  if (program.kind === 'microservice') return asStrategy(program.rootModule?.name ?? 'AppModule');
  if (program.kind === 'context')
    return {
      reason: 'a program without HTTP needs no server to call others',
      todo: 'Add this by hand',
      lines: ['app.enableShutdownHooks();'],
    };
  const changed = program.withServer(serverLines);
  return typeof changed === 'string' ? changed : besideHttp(changed);
}

function besideHttp({ reason, lines }: Omit<ByHand, 'todo'>): ByHand {
  return { reason, todo: 'Add this by hand, before the servers start', lines: [IMPORT, '', ...lines] };
}

function asStrategy(module: string): ByHand {
  return {
    reason: 'a microservice has one strategy',
    todo: 'To make it this one, change it by hand',
    lines: [
      "import type { AsyncMicroserviceOptions } from '@nestjs/microservices';",
      IMPORT,
      '',
      `const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(${module}, {`,
      '  inject: [OsloServer],',
      '  useFactory: (server: OsloServer) => ({ strategy: server }),',
      '});',
      'app.enableShutdownHooks();',
      'await app.listen();',
    ],
  };
}
