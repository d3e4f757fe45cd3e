// Programs of a consumer with many methods, as texts.

/** Number of methods of the contract. */
export const METHODS = 200;
const each = (line: (index: number) => string) => Array.from({ length: METHODS }, (_, index) => line(index)).join('\n');
const argsOf = (index: number) => `{ id_${index}: string; name: string; size?: number; tags?: string[] }`;

/** Calls by name, whose types the caller writes. */
export const BY_NAME = `import type { BackingOffClient } from 'nestjs-oslo-messaging';
export async function run(client: BackingOffClient): Promise<void> {
${each((i) => `  await client.call<{ id: string; at_${i}: number }>({}, 'method_${i}', { id_${i}: 'x', name: 'n', size: ${i} });`)}
}`;

/** The same by a contract, with a class that answers it, and with a capped client. */
export const BY_CONTRACT = `import { call, cast, defineRpcApi, type RpcApiClient, type RpcHandlers } from 'nestjs-oslo-messaging';
export const api = defineRpcApi({ topic: 't', version: '1.${METHODS}', methods: {
${each((i) =>
  i % 4 === 0
    ? `  method_${i}: cast<${argsOf(i)}, '1.${i}'>({ since: '1.${i}' }),`
    : `  method_${i}: call<${argsOf(i)}, { id: string; at_${i}: number }>({ server: (args) => args.name }),`,
)}
} });
export async function run(client: RpcApiClient<typeof api>): Promise<void> {
${each((i) => `  await client.method_${i}({ id_${i}: 'x', name: 'n', size: ${i} });`)}
}
export const capped = (client: RpcApiClient<typeof api, '1.100'>) => client.method_96({ id_96: 'x', name: 'n' });
export class Endpoint implements RpcHandlers<typeof api> {
${each((i) => `  async method_${i}(args: ${argsOf(i)}) { return { id: args.name, at_${i}: args.size ?? 0 }; }`)}
}`;
