import { optionsOf, unknown, type Value } from './abstract-value.js';
import { assign, deleteTarget } from './assign.js';
import { joinAlike, type Path } from './path.js';
import type { Block, Statement } from './python-syntax.js';
import { truthOf } from './truth.js';
import { evaluateAll, type Flow, type Walk } from './walk.js';

/** Loops over longer sequences are not unrolled. */
const MAX_TURNS = 16;

/** Runs the statements of a block. */
export function execute(walk: Walk, block: Block, path: Path): Flow {
  let through: readonly Path[] = [path];
  const returned: Flow['returned'][number][] = [];
  const jumped: Path[] = [];
  for (const statement of block) {
    const flows = through.map((before) => executeOne(walk, statement, before));
    through = joinAlike(flows.flatMap((flow) => flow.through));
    returned.push(...flows.flatMap((flow) => flow.returned));
    jumped.push(...flows.flatMap((flow) => flow.jumped));
  }
  return { through, returned, jumped };
}

function executeOne(walk: Walk, statement: Statement, path: Path): Flow {
  switch (statement.kind) {
    case 'expression':
      return going(walk.evaluate(statement.value, path).map((outcome) => outcome.path));
    case 'assign':
      return going(
        walk.evaluate(statement.value, path).flatMap(({ value, path: after }) => {
          const assigned = statement.update ? unknown(statement.value.place, value) : value;
          return statement.targets.reduce<Path[]>(
            (paths, target) => paths.flatMap((one) => assign(walk, target, assigned, one)),
            [after],
          );
        }),
      );
    case 'delete':
      return going(
        statement.targets.reduce<Path[]>(
          (paths, target) => paths.flatMap((one) => deleteTarget(walk, target, one)),
          [path],
        ),
      );
    case 'if':
      return together(
        walk.evaluate(statement.test, path).flatMap(({ value, path: after }) => {
          const { sure, usual } = truthOf(value);
          if (sure !== undefined) return [walk.execute(sure ? statement.yes : statement.no, after)];
          const otherwise = after.fork();
          otherwise.usual = after.usual && usual !== true;
          after.usual = after.usual && usual !== false;
          const flows = [walk.execute(statement.yes, after), walk.execute(statement.no, otherwise)];
          if (flows.some(isEmpty))
            for (const one of flows.flatMap((flow) => flow.through))
              if (one.below !== undefined) one.refusals = [...one.refusals, statement.test.place];
          return flows;
        }),
      );
    case 'loop':
      return executeLoop(walk, statement, path);
    case 'with':
      return evaluated(walk, statement.values, path, (after) => walk.execute(statement.body, after));
    case 'try': {
      const before = path.fork();
      const body = walk.execute(statement.body, path);
      const handled = statement.handlers.map((handler) => {
        const start = before.fork();
        start.usual = false;
        return walk.execute(handler, start);
      });
      const all = together([body, ...handled]);
      const last = all.through.map((after) => walk.execute(statement.last, after));
      return {
        through: last.flatMap((flow) => flow.through),
        returned: [...all.returned, ...last.flatMap((flow) => flow.returned)],
        jumped: all.jumped,
      };
    }
    case 'return': {
      if (statement.value === undefined)
        return { through: [], returned: [{ path, value: { kind: 'constant', value: null } }], jumped: [] };
      return { through: [], returned: walk.evaluate(statement.value, path), jumped: [] };
    }
    case 'raise':
      return { through: [], returned: [], jumped: [] };
    case 'jump':
      return { through: [], returned: [], jumped: [path] };
    case 'function':
      // Called later, perhaps by others: its requests are found here.
      walk.execute(statement.function.body, path.fork());
      return going([path]);
    default:
      return going([path]);
  }
}

function executeLoop(walk: Walk, loop: Statement & { kind: 'loop' }, path: Path): Flow {
  const { target, over, body, otherwise } = loop;
  return evaluated(walk, over === undefined ? [] : [over], path, (start, [sequence]) => {
    const turns = sequence?.kind === 'sequence' && sequence.items.length <= MAX_TURNS ? sequence.items : undefined;
    const flows: Flow[] = [];
    let before: Path[] = [start];
    const left: Path[] = [];
    for (const item of turns ?? [
      over === undefined ? undefined : unknown(over.place, ...optionsOf(sequence ?? unknown(over.place))),
    ]) {
      const assigned = before.flatMap((one) =>
        target && item ? assign(walk, target, item, one.fork()) : [one.fork()],
      );
      const turn = assigned.map((one) => walk.execute(body, one));
      flows.push(...turn);
      left.push(...turn.flatMap((flow) => flow.jumped));
      const after = turn.flatMap((flow) => flow.through);
      // Of a sequence that is not known, there may be no turn at all.
      before = joinAlike(turns === undefined ? [...after, ...before] : after);
    }
    const last = together(before.map((one) => walk.execute(otherwise, one)));
    return {
      through: joinAlike([...last.through, ...left]),
      returned: [...flows.flatMap((flow) => flow.returned), ...last.returned],
      jumped: last.jumped,
    };
  });
}

function evaluated(
  walk: Walk,
  expressions: Parameters<typeof evaluateAll>[1],
  path: Path,
  next: (path: Path, values: readonly Value[]) => Flow,
): Flow {
  const flows: Flow[] = [];
  evaluateAll(walk, expressions, path, (values, after) => {
    flows.push(next(after, values));
    return [];
  });
  return together(flows);
}

function together(flows: readonly Flow[]): Flow {
  return {
    through: flows.flatMap((flow) => flow.through),
    returned: flows.flatMap((flow) => flow.returned),
    jumped: flows.flatMap((flow) => flow.jumped),
  };
}

/** Returns true where all paths through a block end with an error. */
function isEmpty(flow: Flow): boolean {
  return flow.through.length + flow.returned.length + flow.jumped.length === 0;
}

function going(through: readonly Path[]): Flow {
  return { through, returned: [], jumped: [] };
}
