/**
 * Document paths: `a.b[2].c`.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html
 */
import { own } from '../compare.ts';
import type { AttributeValue, Item } from '../model.ts';

/** Names of map members, and places in lists. The first is the attribute's name. */
export type Path = readonly (string | number)[];

/** The value at a path; undefined when any part of it is not there. */
export function valueAt(item: Item, path: Path): AttributeValue | undefined {
  let value: AttributeValue | undefined = own(item, path[0] as string);
  for (let index = 1; index < path.length && value !== undefined; index++) {
    const step = path[index] as string | number;
    value = typeof step === 'number' ? value.L?.[step] : value.M && own(value.M, step);
  }
  return value;
}

/** `[a, b, [2], c]`, as AWS shows paths in messages. */
export function shownPath(path: Path): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`;
}

export function samePath(left: Path, right: Path): boolean {
  return left.length === right.length && left.every((step, index) => step === right[index]);
}

/** What is wrong with two paths in one expression, if anything. */
export function pathClash(one: Path, two: Path): string | undefined {
  const advice = 'must remove or rewrite one of these paths;';
  const shown = `path one: ${shownPath(one)}, path two: ${shownPath(two)}`;
  for (let index = 0; index < one.length && index < two.length; index++) {
    if (typeof one[index] !== typeof two[index]) {
      return `Two document paths conflict with each other; ${advice} ${shown}`;
    }
    if (one[index] !== two[index]) return undefined;
  }
  return `Two document paths overlap with each other; ${advice} ${shown}`;
}

/** The item with nothing but what the paths name. Elements of a list close up. */
export function project(item: Item, paths: readonly Path[]): Item {
  return projectMembers(
    item,
    paths.filter((path) => valueAt(item, path) !== undefined),
  );
}

function projectMembers(members: Item, paths: readonly Path[]): Item {
  const projected: Record<string, AttributeValue> = {};
  for (const [name, rest] of byFirstStep(paths)) {
    const value = own(members, name as string);
    if (value !== undefined) projected[name as string] = projectValue(value, rest);
  }
  return projected;
}

function projectValue(value: AttributeValue, paths: readonly Path[]): AttributeValue {
  if (paths.some((path) => path.length === 0)) return value;
  if (value.M !== undefined) return { M: projectMembers(value.M, paths) };
  const elements = [...byFirstStep(paths)].sort(([left], [right]) => Number(left) - Number(right));
  return {
    L: elements.flatMap(([index, rest]) => {
      const element = value.L?.[index as number];
      return element === undefined ? [] : [projectValue(element, rest)];
    }),
  };
}

function byFirstStep(paths: readonly Path[]): Map<string | number, Path[]> {
  const groups = new Map<string | number, Path[]>();
  for (const [first, ...rest] of paths) {
    if (first === undefined) continue;
    const group = groups.get(first);
    if (group) group.push(rest);
    else groups.set(first, [rest]);
  }
  return groups;
}
