import { describe, expect, it } from 'vitest';
import { add, MAIN, MODULE, main, project } from '../../support/new-project.js';
import { runSchematic, treeOf } from '../../support/schematics.js';

describe('nest add in a project of another shape', () => {
  it.each([
    [
      'another microservice',
      main(`  const app = await NestFactory.create(AppModule);
  app.connectMicroservice({ transport: Transport.TCP });
  await app.startAllMicroservices();
  await app.listen(3000);`),
      'it calls app.connectMicroservice() for another microservice',
      'app.connectMicroservice(\n      { strategy: app.get(OsloServer) },',
    ],
    [
      'no listen beside the creation',
      main('  const app = await NestFactory.create(AppModule);\n  if (ready) {\n    await app.listen(3000);\n  }'),
      'it does not call app.listen() once, beside the creation of app',
      'await app.startAllMicroservices();',
    ],
    [
      'a promise chain',
      main('  NestFactory.create(AppModule).then((app) => app.listen(3000));'),
      'it does not keep the application in a constant',
      'await app.startAllMicroservices();',
    ],
    [
      'several applications',
      main('  const a = await NestFactory.create(AppModule);\n  const b = await NestFactory.create(AppModule);'),
      'it makes several applications',
      'await app.startAllMicroservices();',
    ],
    [
      'no NestFactory',
      'console.log(1);\n',
      'it does not call NestFactory.create()',
      'await app.startAllMicroservices();',
    ],
    [
      'a microservice alone',
      main('  const app = await NestFactory.createMicroservice(AppModule, {});\n  await app.listen();'),
      'a microservice has one strategy',
      'useFactory: (server: OsloServer) => ({ strategy: server }),',
    ],
    [
      'no server',
      main('  const app = await NestFactory.createApplicationContext(AppModule);'),
      'a program without HTTP needs no server to call others',
      'app.enableShutdownHooks();',
    ],
  ])('leaves a program with %s as it is, and says what to add', async (_title, text, reason, code) => {
    const { tree, log } = await add({ [MAIN]: text });
    expect(tree.readContent(MAIN)).toBe(text);
    expect(log).toContain(`warn: src/main.ts: left as it is, because ${reason}`);
    expect(log).toContain(`    ${code}`);
    expect(tree.readContent(MODULE)).toContain('OsloMessagingModule.forRoot({');
  });

  it('asks for the missing lines alone', async () => {
    const text = main(`  const shop = await NestFactory.create(AppModule);
  shop.enableShutdownHooks();
  shop.connectMicroservice({ transport: Transport.TCP });
  await shop.startAllMicroservices();
  await shop.listen(3000);`);
    const { log } = await add({ [MAIN]: text });
    expect(log.slice(0, log.indexOf('\n\n    await'))).toContain('before the servers start:');
    expect(log).toContain(`    await shop.init();
    shop.connectMicroservice(
      { strategy: shop.get(OsloServer) },
      { inheritAppConfig: true },
    );
`);
    expect(log).not.toMatch(/enableShutdownHooks|startAllMicroservices/);
  });

  it('adds no health to a program without HTTP', async () => {
    const text = main('  const app = await NestFactory.createMicroservice(AppModule, {});\n  await app.listen();');
    const { tree, log } = await add({ [MAIN]: text });
    expect(tree.exists('/src/health/health.module.ts')).toBe(false);
    expect(log).toContain('src/health: left as it is, because the program serves no HTTP');
  });

  it('edits a program on Fastify', async () => {
    const text = main(`  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter());
  await app.listen(3000, '0.0.0.0');`);
    const { tree, log } = await add({ [MAIN]: text });
    expect(tree.readContent(MAIN)).toContain(
      "await app.startAllMicroservices();\n  await app.listen(3000, '0.0.0.0');",
    );
    expect(log).toBe('');
  });

  it.each([
    ['a list that is computed', '@Module({ imports: modules() })\nexport class AppModule {}\n'],
    ['several modules', '@Module({ imports: [] })\nclass A {}\n@Module({ imports: [] })\nexport class AppModule {}\n'],
    ['metadata that are computed', '@Module(metadata)\nexport class AppModule {}\n'],
  ])('leaves a root module with %s as it is, and says what to add', async (_title, text) => {
    const { tree, log } = await add({ [MODULE]: text }, { topic: 'stock' });
    expect(tree.readContent(MODULE)).toBe(text);
    expect(log).toContain(
      'warn: src/app.module.ts: left as it is, because it has no single @Module({ … }) with a list of imports',
    );
    expect(log).toContain("        topic: 'stock',");
    expect(log).toContain('      HealthModule,');
  });

  it('says what to add where there is no program and no module', async () => {
    const { [MAIN]: _, [MODULE]: __, ...others } = project;
    const { tree, log } = await runSchematic('nest-add', { sourceRoot: 'src' }, treeOf(others));
    expect(log).toContain('src: left as it is, because the root module was not found');
    expect(log).toContain('src/main.ts: left as it is, because there is no such file');
    expect(tree.readContent('/src/app.controller.ts')).toBe(project['/src/app.controller.ts']);
  });

  it.each([
    [
      'a controller of its own',
      '/src/status.controller.ts',
      "@Controller({ path: 'health', version: '1' })\nclass Status {}\n",
    ],
    ['a file of that name', '/src/health/health.controller.ts', 'class Mine {}\n'],
    [
      'a route of its own',
      '/src/status.controller.ts',
      "@Controller()\nclass Status {\n  @Get('health') get() {}\n}\n",
    ],
  ])('leaves %s for health as it is, and says what to add', async (_title, path, text) => {
    const { tree, log } = await add({ [path]: text });
    expect(tree.readContent(path)).toBe(text);
    expect(tree.exists('/src/health/health.module.ts')).toBe(false);
    expect(tree.readContent('/package.json')).not.toContain('terminus');
    expect(log).toContain(`warn: ${path.slice(1)}: left as it is, because it is about health already`);
    expect(log).toContain("this.messaging.isHealthy('rabbitmq')");
  });

  it('registers no other module of the name of its own', async () => {
    const text =
      "import { HealthModule } from './status';\n@Module({ imports: [HealthModule] })\nexport class AppModule {}\n";
    const { tree, log } = await add({ [MODULE]: text });
    expect(log).toContain("src/app.module.ts: left as it is, because it imports another HealthModule from './status'");
    expect(tree.readContent(MODULE)).toContain('imports: [HealthModule, OsloMessagingModule.forRoot({');
  });

  it.each([
    ['outside of a project', { '/src/main.ts': '' }, {}, 'No package.json in this folder'],
    ['without sources', { '/package.json': '{ "name": "shop" }' }, {}, 'No files in the source root "src"'],
    ['for a topic that needs quotes', undefined, { topic: "it's" }, 'topic: expected at most 180 letters'],
    [
      'in JavaScript',
      { '/package.json': '{}', '/src/a.js': '', '/nest-cli.json': '{ "language": "js" }' },
      {},
      'JavaScript',
    ],
    ['without a name for the topic', { '/package.json': '{}', '/src/a.ts': '' }, {}, 'give --topic'],
    ['for -d, which the CLI does not pass on', undefined, { d: true }, 'give --dry-run'],
  ])('refuses to run %s', async (_title, files, options, message) => {
    const tree = treeOf(files ?? project);
    await expect(runSchematic('nest-add', { sourceRoot: 'src', ...options }, tree)).rejects.toThrow(message);
  });
});
