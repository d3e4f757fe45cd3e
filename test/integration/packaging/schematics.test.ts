import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultProject, type Files, filesOf, type Result, runSchematic, treeOf } from '../../support/schematics.js';

const MAIN = '/src/main.ts';
const MODULE = '/src/app.module.ts';
const DONE = /^$/;

let project: Files;
beforeAll(async () => {
  project = await defaultProject();
}, 60_000);

/** Runs `nest-add` on a default project in which some files are different. */
function add(files: Files = {}, options: object = {}): Promise<Result> {
  return runSchematic('nest-add', { sourceRoot: 'src', ...options }, treeOf({ ...project, ...files }));
}

function generate(schematic: string, options: object, files: Files = {}): Promise<Result> {
  return runSchematic(schematic, { sourceRoot: 'src', ...options }, treeOf({ ...project, ...files }));
}

/** Text of a package.json with other fields. */
const manifest = (fields: object) =>
  JSON.stringify({ ...(JSON.parse(project['/package.json'] ?? '{}') as object), ...fields });

const main = (body: string, imports = '') => `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';
${imports}
async function bootstrap() {
${body}
}
bootstrap();
`;

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

const ENDPOINTS = [
  ['rpc-endpoint', 'endpoint', 'Endpoint'],
  ['notification-endpoint', 'notification-endpoint', 'NotificationEndpoint'],
] as const;

describe.each(ENDPOINTS)('nest generate %s', (schematic, type, suffix) => {
  it('makes a class and its test, and registers it in the nearest module', async () => {
    const billing = '/src/billing/billing.module.ts';
    const files = { [billing]: (project[MODULE] ?? '').replace('AppModule', 'BillingModule') };
    const { tree } = await generate(schematic, { name: 'billing/openOrders' }, files);
    const file = `/src/billing/open-orders/open-orders.${type}`;
    expect(tree.readContent(`${file}.ts`)).toContain(`export class OpenOrders${suffix} {`);
    expect(tree.readContent(`${file}.spec.ts`)).toContain(
      `import { OpenOrders${suffix} } from './open-orders.${type}';`,
    );
    expect(tree.readContent(billing)).toContain(
      `import { OpenOrders${suffix} } from './open-orders/open-orders.${type}';`,
    );
    expect(tree.readContent(billing)).toContain(`controllers: [AppController, OpenOrders${suffix}],`);
    expect(tree.readContent(MODULE)).toBe(project[MODULE]);
  });

  it('takes the options of the generators of Nest', async () => {
    const options = {
      name: 'orders',
      path: 'sales',
      flat: true,
      spec: false,
      skipImport: true,
      specFileSuffix: 'test',
    };
    const { tree } = await generate(schematic, options);
    expect(tree.files.filter((path) => path.includes('orders'))).toEqual([`/src/sales/orders.${type}.ts`]);
    expect(tree.readContent(MODULE)).toBe(project[MODULE]);
    const tested = await generate(schematic, { ...options, spec: true });
    expect(tested.tree.exists(`/src/sales/orders.${type}.test.ts`)).toBe(true);
  });

  it('writes in the style of a project of ES modules and Vitest', async () => {
    const devDependencies = { vitest: '^4.0.0' };
    const files = { '/package.json': manifest({ type: 'module', devDependencies }) };
    const { tree } = await generate(schematic, { name: 'orders' }, files);
    const test = tree.readContent(`/src/orders/orders.${type}.spec.ts`);
    expect(test).toContain(`from './orders.${type}.js';`);
    expect(test).toContain("import { afterEach, beforeEach, describe, expect, it } from 'vitest';");
    expect(tree.readContent(MODULE)).toContain(`from './orders/orders.${type}.js';`);
    const globals = { ...files, '/tsconfig.json': '{ "compilerOptions": { "types": ["vitest/globals"] } }' };
    const withGlobals = await generate(schematic, { name: 'orders' }, globals);
    expect(withGlobals.tree.readContent(`/src/orders/orders.${type}.spec.ts`)).not.toContain("from 'vitest'");
  });

  it('says that nothing serves it, until the module is added', async () => {
    const { log } = await generate(schematic, { name: 'orders' });
    expect(log).toContain(`Orders${suffix} is not served. To add it: nest g -c nestjs-oslo-messaging nest-add`);
    const { tree } = await add();
    const added = await runSchematic(schematic, { name: 'orders', sourceRoot: 'src' }, tree);
    expect(added.log).toBe('');
  });

  it('says what to add where no module can be edited', async () => {
    const files = { [MODULE]: '@Module({ controllers: all() })\nexport class AppModule {}\n' };
    const { tree, log } = await generate(schematic, { name: 'orders' }, files);
    expect(tree.readContent(MODULE)).toBe(files[MODULE]);
    expect(log).toContain(`    import { Orders${suffix} } from './orders/orders.${type}';`);
    const { [MODULE]: _, ...others } = project;
    const lost = await runSchematic(schematic, { name: 'orders', sourceRoot: 'src' }, treeOf(others));
    expect(lost.log).toContain(`no module was found. List Orders${suffix} in a module by hand`);
  });

  it.each(['1st', 123, '-orders', 'a b!', 'billing/', "it's", 'orders..v2', 'x'.repeat(101)])(
    'refuses the name %j',
    async (name) => {
      await expect(generate(schematic, { name })).rejects.toThrow(
        /^name: expected at most 100 letters and digits, .*; got "/,
      );
    },
  );

  it.each(['../orders', 'sales/../../orders'])('refuses %s, a folder outside of the sources', async (name) => {
    await expect(generate(schematic, { name })).rejects.toThrow(/^name, path: expected a folder in the source root/);
  });

  it('registers no other class of the same name', async () => {
    const { tree } = await generate(schematic, { name: 'sales/orders' });
    const { log, ...second } = await runSchematic(schematic, { name: 'stock/orders', sourceRoot: 'src' }, tree);
    expect(log).toContain(
      `src/app.module.ts: left as it is, because it imports another Orders${suffix} from './sales/orders/orders.${type}'`,
    );
    expect(log).toContain(`import { Orders${suffix} } from './stock/orders/orders.${type}';`);
    expect(second.tree.readContent(MODULE)).toContain(`controllers: [AppController, Orders${suffix}],`);
  });

  it('refuses JavaScript, a topic that needs quotes, and a file that exists', async () => {
    await expect(generate(schematic, { name: 'orders', language: 'js' })).rejects.toThrow(/^language: expected ts/);
    await expect(generate(schematic, { name: 'orders', topic: 'a b' })).rejects.toThrow(/^topic: expected at most/);
    const files = { [`/src/orders/orders.${type}.ts`]: 'mine' };
    await expect(generate(schematic, { name: 'orders' }, files)).rejects.toThrow(
      `name: src/orders/orders.${type}.ts exists already`,
    );
    const tested = { [`/src/orders/orders.${type}.spec.ts`]: 'mine' };
    await expect(generate(schematic, { name: 'orders' }, tested)).rejects.toThrow(/\.spec\.ts exists already$/);
    expect((await generate(schematic, { name: 'orders', spec: false }, tested)).log).not.toContain('exists');
  });
});

describe('nest generate rpc-endpoint', () => {
  it('names methods by the endpoint, so that several can serve one topic', async () => {
    const { tree } = await generate('rpc', { name: 'open-orders' });
    for (const method of ['find_open_orders', 'refresh_open_orders']) {
      expect(tree.readContent('/src/open-orders/open-orders.endpoint.ts')).toContain(`@RpcMethod('${method}')`);
      expect(tree.readContent('/src/open-orders/open-orders.endpoint.spec.ts')).toContain(`'${method}', { id: '7' }`);
    }
  });

  it('refuses a class of the name of its decorator', async () => {
    await expect(generate('rpc', { name: 'rpc' })).rejects.toThrow('name: the class would be RpcEndpoint');
  });

  it('writes topic, namespace and version', async () => {
    const options = { name: 'orders', topic: 'sales', namespace: 'v2', version: 'v1.10' };
    const { tree } = await generate('rpc', options);
    const target = "{ topic: 'sales', namespace: 'v2', version: '1.10' }";
    expect(tree.readContent('/src/orders/orders.endpoint.ts')).toContain(`@RpcEndpoint(${target})`);
    expect(tree.readContent('/src/orders/orders.endpoint.spec.ts')).toContain(`broker.client(${target});`);
  });

  it.each([
    [undefined, '1.0'],
    ['', undefined],
    [2, '2.0'],
    ['1.2.3', '1.2.3'],
    [1.1, undefined],
    ['1', undefined],
  ])('reads the version %j as %j', async (version, read) => {
    const generated = generate('rpc', { name: 'orders', topic: '', version });
    if (read === undefined) await expect(generated).rejects.toThrow(/^version: expected v<major>\.<minor>/);
    else
      expect((await generated).tree.readContent('/src/orders/orders.endpoint.ts')).toContain(`{ version: '${read}' }`);
  });
});

describe('nest generate notification-endpoint', () => {
  it('writes topic and pool', async () => {
    const { tree } = await generate('notification', { name: 'orders', topic: 'sales', pool: 'audit' });
    const text = tree.readContent('/src/orders/orders.notification-endpoint.ts');
    expect(text).toContain("@NotificationEndpoint({ topics: ['sales'], pool: 'audit' })");
    expect(text).toContain("eventType: 'orders.*'");
  });

  it('listens on the topics of the options by default', async () => {
    const { tree } = await generate('notification', { name: 'orders' });
    expect(tree.readContent('/src/orders/orders.notification-endpoint.ts')).toContain('@NotificationEndpoint()\n');
  });
});

describe('the collection', () => {
  it('has the generators of Nest, too', async () => {
    const { tree } = await generate('controller', { name: 'orders', language: 'ts' });
    expect(tree.readContent(MODULE)).toContain('OrdersController');
  });
});

describe('the reference of the schematics', () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const page = readFileSync(`${root}docs/reference/schematics.md`, 'utf8');
  const sources = readdirSync(`${root}lib/schematics`, { recursive: true, encoding: 'utf8' });
  const textOf = (file: string) => readFileSync(`${root}lib/schematics/${file}`, 'utf8');

  it('lists every option', () => {
    // Those that the CLI gives, and short forms.
    const hidden = new Set(['name', 'path', 'language', 'sourceRoot', 's', 'd']);
    const options = sources
      .filter((file) => file.endsWith('schema.json'))
      .flatMap((file) => Object.keys((JSON.parse(textOf(file)) as { properties: object }).properties))
      .filter((option) => !hidden.has(option))
      .map((option) => `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    expect(options.length).toBeGreaterThan(10);
    // --no-spec is the form in use.
    expect(options.filter((option) => !page.includes(option) && !page.includes(option.replace('--', '--no-')))).toEqual(
      [],
    );
  });

  it('lists every reason and refusal', () => {
    const text = sources
      .filter((file) => file.endsWith('.ts'))
      .map(textOf)
      .join('\n');
    const texts = [
      ...text.matchAll(/reason: '([^']+)'/g),
      ...text.matchAll(/(?<=\breason =[^;]*)'(\w[^']+)'/g),
      ...text.matchAll(/SchematicsException\(\s*['`]([^'`$]+)/g),
      ...text.matchAll(/ask\(context, \w+, '([^']+)'/g),
    ].map(([, found = '']) => found.split(/[;:] (?=give|run|const)/)[0] ?? '');
    expect(texts.length).toBeGreaterThan(10);
    expect(texts.filter((reason) => !page.includes(reason.trim()))).toEqual([]);
  });
});
