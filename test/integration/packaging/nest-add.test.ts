import { describe, expect, it } from 'vitest';
import { add, MAIN, MODULE, main, manifest, project } from '../../support/new-project.js';
import { filesOf, runSchematic, treeOf } from '../../support/schematics.js';

const DONE = /^$/;

describe('nest add', () => {
  it('adds the module, the server, shutdown hooks and health', async () => {
    const { tree, log, tasks } = await add();
    expect(tree.readContent(MODULE)).toContain(`  imports: [
    OsloMessagingModule.forRoot({
      topic: 'shop',
      // Without a URL: memory://, for this process alone.
      transportUrl: process.env.TRANSPORT_URL,
    }),
    HealthModule,
  ],
`);
    expect(tree.readContent(MAIN)).toBe(`import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';
import { OsloServer } from 'nestjs-oslo-messaging';

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  // SIGTERM and Ctrl+C: finish running handlers, then disconnect
  app.enableShutdownHooks();
  await app.init();
  app.connectMicroservice(
    { strategy: app.get(OsloServer) },
    { inheritAppConfig: true },
  );
  await app.startAllMicroservices();
  await app.listen(process.env.PORT ?? 3000);
}
bootstrap();
`);
    const { dependencies } = tree.readJson('/package.json') as { dependencies: Record<string, string> };
    expect(dependencies).toMatchObject({ '@nestjs/microservices': '^11.0.1', '@nestjs/terminus': '^11.0.0' });
    expect(Object.keys(dependencies)).toEqual(Object.keys(dependencies).toSorted());
    expect(tree.files).toEqual(
      expect.arrayContaining(['/src/health/health.controller.ts', '/src/health/health.module.ts']),
    );
    expect(log).toMatch(DONE);
    expect(tasks).toEqual(['node-package']);
  });

  it('changes nothing the second time, and says so', async () => {
    const first = await add();
    const second = await runSchematic('nest-add', { sourceRoot: 'src' }, treeOf(filesOf(first.tree)));
    expect(filesOf(second.tree)).toEqual(filesOf(first.tree));
    expect(second.tasks).toEqual([]);
    expect(second.log.split('\n')).toEqual([
      'info: src/app.module.ts: left as it is, because it has OsloMessagingModule.forRoot() already',
      'info: src/main.ts: left as it is, because it uses OsloServer already',
      'info: src/health/health.controller.ts: left as it is, because it uses OsloMessagingHealth already',
    ]);
  });

  it('completes a project that has a part of it', async () => {
    const messaging = '/src/messaging/messaging.module.ts';
    const { tree, log } = await add({
      [messaging]:
        "import { OsloMessagingModule } from 'nestjs-oslo-messaging';\n@Module({ imports: [OsloMessagingModule.forRootAsync({})] })\nexport class Messaging {}\n",
    });
    expect(tree.readContent(MODULE)).not.toContain('OsloMessagingModule');
    expect(tree.readContent(MODULE)).toContain('HealthModule');
    expect(tree.readContent(MAIN)).toContain('OsloServer');
    expect(log).toContain('src/messaging/messaging.module.ts has OsloMessagingModule.forRoot() already');
  });

  it.each([
    ['the option', { topic: 'conductor' }, {}, 'conductor'],
    ['the package, without its scope', {}, { '/package.json': { name: '@acme/orders api' } }, 'orders-api'],
  ])('takes the topic of %s', async (_from, options, changed, topic) => {
    const files = Object.fromEntries(Object.entries(changed).map(([path, fields]) => [path, manifest(fields)]));
    const { tree } = await add(files, options);
    expect(tree.readContent(MODULE)).toContain(`topic: '${topic}'`);
  });

  it('takes the topic and the program of a project in a monorepo', async () => {
    const projects = { billing: { type: 'application', sourceRoot: 'apps/billing/src', entryFile: 'start' } };
    const files = {
      '/nest-cli.json': JSON.stringify({ monorepo: true, sourceRoot: 'apps/shop/src', projects }),
      '/apps/billing/src/start.ts': main('  const app = await NestFactory.create(AppModule);\n  await app.listen(1);'),
      '/apps/billing/src/app.module.ts': project[MODULE] ?? '',
    };
    const { tree } = await add(files, { sourceRoot: 'apps/billing/src', project: 'billing' });
    expect(tree.readContent('/apps/billing/src/app.module.ts')).toContain("topic: 'billing'");
    expect(tree.readContent('/apps/billing/src/start.ts')).toContain('app.get(OsloServer)');
    expect(tree.exists('/apps/billing/src/health/health.module.ts')).toBe(true);
    expect(tree.readContent(MODULE)).toBe(project[MODULE]);
  });

  it('leaves health and the installation out on demand', async () => {
    const { tree, log, tasks } = await add({}, { health: false, skipInstall: true });
    expect(tree.exists('/src/health/health.module.ts')).toBe(false);
    expect(tree.readContent(MODULE)).not.toContain('HealthModule');
    expect(tree.readContent('/package.json')).not.toContain('terminus');
    expect(log).toBe('info: Not installed yet: @nestjs/microservices');
    expect(tasks).toEqual([]);
    expect((await add({}, { s: true })).tasks).toEqual([]);
  });

  // As the devkits of CLI 11 and 12 read --health=false and --no-health.
  it.each([
    ['--health=false', 'false'],
    ['--health=false', false],
    ['--no-health', false],
    ['--no-health', true],
  ])('adds no health for %s, read as %j', async (argument, health) => {
    const { argv } = process;
    process.argv = [...argv, argument];
    const { tree } = await add({}, { health }).finally(() => {
      process.argv = argv;
    });
    expect(tree.exists('/src/health/health.module.ts')).toBe(false);
  });

  it('writes ES modules, and the versions of Nest 12', async () => {
    const fields = { type: 'module', dependencies: { '@nestjs/core': 'latest' } };
    const { tree } = await add({
      '/package.json': manifest(fields),
      '/node_modules/@nestjs/core/package.json': '{ "version": "12.3.4" }',
      [MAIN]: (project[MAIN] ?? '').replace('./app.module', './app.module.js'),
    });
    expect(tree.readContent(MODULE)).toContain("from './health/health.module.js';");
    expect(tree.readContent('/src/health/health.module.ts')).toContain("from './health.controller.js';");
    const { dependencies } = tree.readJson('/package.json') as { dependencies: object };
    expect(dependencies).toMatchObject({ '@nestjs/microservices': 'latest', '@nestjs/terminus': '^12.0.0' });
  });

  it('finds the root module by the program', async () => {
    const { tree } = await add({
      [MAIN]: main('  const app = await NestFactory.create(Shop.register({}));\n  await app.listen(1);').replace(
        "{ AppModule } from './app.module'",
        "Shop from './shop'",
      ),
      '/src/shop/index.ts': 'import { Module } from "@nestjs/common"\n\n@Module({})\nexport default class Shop {}\n',
    });
    expect(tree.readContent('/src/shop/index.ts')).toContain(
      'import { OsloMessagingModule } from "nestjs-oslo-messaging"\n',
    );
    expect(tree.readContent('/src/shop/index.ts')).toMatch(/@Module\(\{\n {2}imports: \[\n {4}OsloMessagingModule/);
    expect(tree.readContent(MODULE)).toBe(project[MODULE]);
  });

  it('edits a module in the file of the program', async () => {
    const { [MODULE]: _, ...others } = project;
    const files = {
      ...others,
      [MAIN]: `import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
@Module({ imports: [], providers: [] })
class AppModule {}
const app = await NestFactory.create(AppModule);
await app.listen(3000);
`,
    };
    const { tree, log } = await runSchematic('nest-add', { sourceRoot: 'src', health: false }, treeOf(files));
    const text = tree.readContent(MAIN);
    expect(text).toContain('OsloMessagingModule.forRoot({');
    expect(text).toContain('await app.startAllMicroservices();\nawait app.listen(3000);');
    expect(log).toBe('');
  });

  it('is not misled by a comment', async () => {
    const { tree } = await add({
      [MODULE]: `// OsloMessagingModule.forRoot() comes later\n${project[MODULE]}`,
      '/src/old.ts': "/* import { OsloMessagingHealth } from 'nestjs-oslo-messaging'; */\n",
    });
    expect(tree.readContent(MODULE)).toMatch(/imports: \[\n {4}OsloMessagingModule\.forRoot\(\{/);
    expect(tree.exists('/src/health/health.module.ts')).toBe(true);
  });

  it('starts the server in the branch of a switch that makes the application', async () => {
    const body = '  switch (process.env.ROLE) {\n    default:\n      const app = await NestFactory.create(AppModule);';
    const { tree } = await add({ [MAIN]: main(`${body}\n      await app.listen(3000);\n  }`) });
    expect(tree.readContent(MAIN)).toContain(`${body}\n      // SIGTERM`);
    expect(tree.readContent(MAIN)).toContain('      await app.startAllMicroservices();\n      await app.listen(3000);');
  });

  it('keeps the line ends of Windows', async () => {
    const windows = Object.fromEntries(
      Object.entries(project).map(([path, text]) => [path, text.replaceAll('\n', '\r\n')]),
    );
    const { tree } = await add(windows);
    for (const path of [MAIN, MODULE, '/package.json']) {
      expect(tree.readContent(path)).not.toBe(windows[path]);
      expect(tree.readContent(path)).not.toMatch(/(?<!\r)\n/);
    }
  });

  it('keeps the style of the files', async () => {
    const { tree } = await add({
      [MAIN]: `import { NestFactory } from "@nestjs/core"
import { AppModule } from "./app.module"

async function bootstrap() {
\tconst app = (await NestFactory.create(AppModule)) as Application
\tapp.useGlobalPipes(new Pipe())
\tapp.enableShutdownHooks(["SIGTERM"])
\t// listen on all addresses
\tawait app.listen(3000).then(log)
}
void bootstrap()
`.replaceAll('\n', '\r\n'),
      [MODULE]: `import { Module } from '@nestjs/common';

@Module({
    imports: [
        OtherModule,
    ],
})
export class AppModule {}
`,
    });
    expect(tree.readContent(MAIN)).toBe(
      `import { NestFactory } from "@nestjs/core"
import { AppModule } from "./app.module"
import { OsloServer } from "nestjs-oslo-messaging"

async function bootstrap() {
\tconst app = (await NestFactory.create(AppModule)) as Application
\tapp.useGlobalPipes(new Pipe())
\tapp.enableShutdownHooks(["SIGTERM"])
\tawait app.init()
\tapp.connectMicroservice(
\t  { strategy: app.get(OsloServer) },
\t  { inheritAppConfig: true },
\t)
\tawait app.startAllMicroservices()
\t// listen on all addresses
\tawait app.listen(3000).then(log)
}
void bootstrap()
`.replaceAll('\n', '\r\n'),
    );
    expect(tree.readContent(MODULE)).toContain(`    imports: [
        OtherModule,
        OsloMessagingModule.forRoot({
          topic: 'shop',`);
  });
});
