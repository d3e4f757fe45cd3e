import { ArgumentCheck, MethodTable, Target } from '../../internal.js';
import { DEMONSTRATION_METHODS, type DemonstrationMethod } from './demonstration-methods.js';
import { DEMONSTRATION_NAMESPACE } from './demonstration-namespace.js';
import { type Faults, rehearse } from './rehearsal.js';

/** Version of the demonstration server's methods. */
const VERSION = '1.0';

/**
 * Returns the methods of a demonstration server, with their arguments for discovery.
 * @param own methods of this server besides the common ones
 */
export function demonstrationTable(faults: Faults, own: Readonly<Record<string, DemonstrationMethod>>): MethodTable {
  const table = new MethodTable();
  // The namespace marks the server as one that may be loaded.
  const target = new Target({ version: VERSION, acceptedNamespaces: [DEMONSTRATION_NAMESPACE] });
  for (const [name, method] of Object.entries({ ...DEMONSTRATION_METHODS, ...own })) {
    const { args: schema, result } = method;
    const { properties, required = [] } = schema;
    const parameters =
      properties && Object.keys(properties).map((key) => ({ name: key, required: required.includes(key) }));
    const check = parameters && new ArgumentCheck(name, parameters);
    table.add(target, name, {
      handler: `Demonstration.${name}`,
      parameters,
      schema: { args: schema, result },
      // Each failure is meant: no stack in the log.
      expected: [Error],
      handle: async ({ request: { args }, signal }) => {
        await rehearse(faults, signal);
        const refusal = check?.refusalOf(args);
        if (refusal) throw refusal;
        return method.run(args, signal);
      },
    });
  }
  return table;
}
