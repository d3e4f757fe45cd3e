import { describe, expect, it } from 'vitest';
import { add, generate, MODULE, manifest, project } from '../../support/new-project.js';
import { runSchematic, treeOf } from '../../support/schematics.js';

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
