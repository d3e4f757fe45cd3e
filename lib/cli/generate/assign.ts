import { unknown, type Value } from './abstract-value.js';
import type { Path } from './path.js';
import type { Expression } from './python-syntax.js';
import type { Walk } from './walk.js';

/** Assigns a value to a name, an attribute, an item or several of them. */
export function assign(walk: Walk, target: Expression, value: Value, path: Path): Path[] {
  switch (target.kind) {
    case 'name':
      path.frame.names.set(target.name, value);
      return [path];
    case 'sequence': {
      const items = value.kind === 'sequence' && value.items.length === target.items.length ? value.items : undefined;
      return target.items.reduce<Path[]>(
        (paths, one, index) =>
          paths.flatMap((before) => assign(walk, one, items?.[index] ?? unknown(target.place, value), before)),
        [path],
      );
    }
    case 'attribute':
      return walk.evaluate(target.of, path).map(({ value: object, path: after }) => {
        // `cls._instance.client = …` of a singleton is the client of its methods, too.
        if (object.kind === 'self' || value.kind === 'client') after.members.set(target.name, value);
        return after;
      });
    case 'subscript': {
      const { of, index } = target;
      return walk.evaluate(of, path).flatMap(({ value: object, path: after }) => {
        if (object.kind !== 'dict') return [after];
        if (index.kind === 'slice') return [after];
        return walk.evaluate(index, after).map(({ value: key, path: last }) => {
          if (key.kind === 'text') last.setEntry(object.id, key.value, value);
          else last.openDict(object.id, target.place);
          return last;
        });
      });
    }
    default:
      return [path];
  }
}

/** Deletes an item of a followed dict. */
export function deleteTarget(walk: Walk, target: Expression, path: Path): Path[] {
  if (target.kind !== 'subscript' || target.index.kind === 'slice') return [path];
  const { of, index } = target;
  return walk.evaluate(of, path).flatMap(({ value: object, path: after }) =>
    walk.evaluate(index, after).map(({ value: key, path: last }) => {
      if (object.kind === 'dict' && key.kind === 'text') last.deleteEntry(object.id, key.value);
      return last;
    }),
  );
}
