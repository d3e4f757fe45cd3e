import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getRpcApiClient, getRpcTransport, type RpcApiClient, type Transport } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readContracts } from '../../lib/cli/generate/find-classes.js';
import { printFile } from '../../lib/cli/generate/print-file.js';
import { describeWithPython, rabbitUrl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { startWarehouse } from '../support/python-warehouse.js';
import { warehouseApi } from '../support/warehouse-api.js';

const path = (file: string) => fileURLToPath(new URL(`../support/${file}`, import.meta.url));

describe('the contract of a Python class', () => {
  it('equals the present output of the command', () => {
    // oslo-rpc generate test/support/python/warehouse/rpcapi.py --out test/support/warehouse-api.ts
    const models = readContracts([path('python/warehouse/rpcapi.py')], { classes: [], managers: false });
    expect(printFile(models, false)).toBe(readFileSync(path('warehouse-api.ts'), 'utf8'));
  });
});

describeWithPython('a generated contract and the Python server of its class', () => {
  let python: { stop(): Promise<void> };
  let transport: Transport;
  let warehouse: RpcApiClient<typeof warehouseApi>;

  beforeAll(async () => {
    python = await startWarehouse(rabbitUrl, 'w1');
    transport = getRpcTransport({ transportUrl: rabbitUrl, rpcResponseTimeout: 30 });
    warehouse = getRpcApiClient(transport, warehouseApi);
  });

  afterAll(async () => {
    await transport?.cleanup();
    await python?.stop();
  });

  it('understand each other in 20 methods', async () => {
    expect(await warehouse.get({ item_id: 'a' })).toEqual({ item_id: 'a' });
    expect(await warehouse.count({ shelf: 's' })).toEqual({ shelf: 's', empty: false });
    expect(await warehouse.put({ item: { n: 1 }, shelf: 's' })).toEqual({ item: { n: 1 }, shelf: 's', remark: null });
    expect(await warehouse.move({ item_id: 'a', shelf: 's', priority: 2 })).toEqual({
      item_id: 'a',
      shelf: 's',
      priority: 2,
    });
    expect(await warehouse.rename({ item_id: 'a', title: 't' })).toEqual({ item_id: 'a', title: 't', name: null });
    expect(await warehouse.lend({ item_id: 'a', days: 3 })).toEqual({ item_id: 'a', days: 3, deposit: null });
    expect(await warehouse.weigh({ item_id: 'a', unit: 'kg' })).toEqual({ item_id: 'a', unit: 'kg' });
    expect(await warehouse.discard({ item_id: 'a' })).toEqual({ item_id: 'a' });
    expect(await warehouse.sort({ shelf: 's' })).toEqual({ shelf: 's' });
    expect(await warehouse.audit()).toEqual({ since: null });
    expect(await warehouse.rpc_inspect({ host: 'w1', shelf: 's' })).toEqual({ host: 'w1', shelf: 's' });
    expect(await warehouse.ping_host({}, { server: 'w1' })).toBe('here');
    expect(await warehouse.list_items({ limit: 5 })).toEqual({ limit: 5, marker: null });
    expect(await warehouse.show_items({ item_ids: ['a'] })).toEqual({ item_ids: ['a'] });
    expect(await warehouse.search({ colour: 'red' })).toEqual({ colour: 'red' });
    expect(await warehouse.find({ text: 't', case: true, regex: false })).toEqual({
      text: 't',
      case: true,
      regex: false,
    });
    await warehouse.opened({ door: 1 });
    await warehouse.closed({ door: 1, locked: true });
    await warehouse.take_inventory({ name: 'spring' });
    await eventually(async () => {
      const notes = await warehouse.notes();
      expect(notes).toHaveLength(3);
      expect(notes).toEqual(
        expect.arrayContaining([
          ['opened', 1],
          ['closed', 1, true],
          ['take_inventory', 'spring'],
        ]),
      );
    });
  });

  it('speak older versions under a cap', async () => {
    const older = warehouse.$prepare({ versionCap: 'bobcat' });
    expect(await older.move({ item_id: 'a', shelf: 's', priority: 2 })).toEqual({
      item_id: 'a',
      shelf: 's',
      priority: null,
    });
    expect(await older.rename({ item_id: 'a', title: 't' })).toEqual({ item_id: 'a', title: null, name: 't' });
    expect(older.$canSend('put')).toBe(true);
    expect(older.$canSend('audit')).toBe(false);
    await expect(older.audit()).rejects.toMatchObject({ name: 'RPCVersionCapError' });
  });
});
