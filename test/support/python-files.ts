import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ContractModel, MethodModel } from '../../lib/cli/contract/contract-model.js';
import { type ClassChoice, readContracts } from '../../lib/cli/generate/find-classes.js';

/** Writes files into a folder that lasts as long as the test. Returns the path of the folder. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rpcapi-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Reads the contract of the only class in a Python source. */
export function contractOf(source: string, choice: Partial<ClassChoice> = {}): ContractModel {
  const file = join(folderOf({ 'rpcapi.py': source }), 'rpcapi.py');
  const [model] = readContracts([file], { classes: [], managers: false, ...choice });
  if (model === undefined) throw new Error('no contract');
  return model;
}

/** Reads the contract of a class with a client of the topic `shop` in version 1.0, and the given methods. */
export function methodsOf(methods: string): Readonly<Record<string, MethodModel>> {
  return contractOf(`${SHOP}${methods.replace(/^(?=.)/gm, '    ')}`).methods;
}

const SHOP = `
import oslo_messaging as messaging

class ShopAPI(object):
    def __init__(self):
        target = messaging.Target(topic='shop', version='1.0')
        self.client = rpc.get_client(target)

`;
