/** Applies an update to an item. All operands are read from the item as it was before. */
import { own } from '../compare.ts';
import { validationError } from '../errors.ts';
import type { AttributeValue, Item } from '../model.ts';
import { addNumbers } from '../number.ts';
import { valueAt, type Path } from './path.ts';
import type { Update, UpdateOperand } from './update-parser.ts';

/** The item after the update; `item` itself is not changed. Throws what AWS answers. */
export function applyUpdate(update: Update, item: Item): Item {
  let updated = item;
  const assignments = [
    ...update.set.map(({ path, operand }) => ({ path, value: operandValue(operand, item) })),
    ...update.add.map(({ path, value }) => ({ path, value: added(valueAt(item, path), value) })),
  ];
  // Elements past the end of a list are appended in the order of their places, not of the expression.
  for (const { path, value } of assignments.sort(byPath)) updated = assigned(updated, path, value);

  const removals = [...update.remove];
  for (const { path, value } of update.delete) {
    const left = withoutMembers(valueAt(item, path), value);
    if (left === undefined) removals.push(path);
    else if (left !== UNCHANGED) updated = assigned(updated, path, left);
  }
  // From the end of each list, so that the places of the others stay true.
  const paths = removals.map((path) => ({ path })).sort((one, two) => byPath(two, one));
  for (const { path } of paths) updated = removed(updated, path);
  return updated;
}

function operandValue(operand: UpdateOperand, item: Item): AttributeValue {
  switch (operand.kind) {
    case 'value':
      return operand.value;
    case 'path': {
      const value = valueAt(item, operand.path);
      if (value === undefined) {
        throw validationError(
          'The provided expression refers to an attribute that does not exist in the item',
        );
      }
      return value;
    }
    case 'if_not_exists':
      return valueAt(item, operand.path) ?? operandValue(operand.otherwise, item);
    case 'list_append': {
      const [left, right] = [operandValue(operand.left, item).L, operandValue(operand.right, item).L];
      if (left === undefined || right === undefined) throw wrongType();
      return { L: [...left, ...right] };
    }
    case '+':
    case '-':
    default: {
      const [left, right] = [operandValue(operand.left, item).N, operandValue(operand.right, item).N];
      if (left === undefined || right === undefined) throw wrongType();
      return { N: addNumbers(left, right, operand.kind === '+' ? 1 : -1) };
    }
  }
}

/** ADD: a sum of numbers, or a union of sets. */
function added(before: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  if (before === undefined) return value;
  if (before.N !== undefined && value.N !== undefined) return { N: addNumbers(before.N, value.N, 1) };
  for (const type of ['SS', 'NS', 'BS'] as const) {
    const [old, more] = [before[type], value[type]];
    if (old !== undefined && more !== undefined) return { [type]: [...new Set([...old, ...more])] };
  }
  throw wrongType();
}

const UNCHANGED: AttributeValue = {};

/** DELETE: the set without these members; undefined when none is left. */
function withoutMembers(
  before: AttributeValue | undefined,
  value: AttributeValue,
): AttributeValue | undefined {
  if (before === undefined) return UNCHANGED;
  for (const type of ['SS', 'NS', 'BS'] as const) {
    const [old, deleted] = [before[type], value[type]];
    if (old === undefined || deleted === undefined) continue;
    const left = old.filter((member) => !deleted.includes(member));
    return left.length === 0 ? undefined : { [type]: left };
  }
  throw wrongType();
}

function assigned(item: Item, path: Path, value: AttributeValue): Item {
  const [name, ...rest] = path;
  const before = own(item, name as string);
  return { ...item, [name as string]: assignedValue(before, rest, value) };
}

function assignedValue(
  before: AttributeValue | undefined,
  path: Path,
  value: AttributeValue,
): AttributeValue {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (typeof step === 'string' && before?.M !== undefined) {
    return { M: { ...before.M, [step]: assignedValue(own(before.M, step), rest, value) } };
  }
  if (typeof step === 'number' && before?.L !== undefined) {
    const element = assignedValue(before.L[step], rest, value);
    return {
      L: step < before.L.length ? before.L.with(step, element) : [...before.L, element],
    };
  }
  throw invalidPath();
}

function removed(item: Item, path: Path): Item {
  const [name, ...rest] = path;
  const before = own(item, name as string);
  if (rest.length > 0) {
    return { ...item, [name as string]: removedValue(before, rest) };
  }
  if (before === undefined) return item;
  const { [name as string]: _, ...left } = item;
  return left;
}

function removedValue(before: AttributeValue | undefined, path: Path): AttributeValue {
  const [step, ...rest] = path;
  const last = rest.length === 0;
  if (typeof step === 'string' && before?.M !== undefined) {
    if (!last) return { M: { ...before.M, [step]: removedValue(own(before.M, step), rest) } };
    const { [step]: _, ...left } = before.M;
    return { M: left };
  }
  if (typeof step === 'number' && before?.L !== undefined) {
    if (last) return { L: before.L.filter((_, index) => index !== step) };
    if (step < before.L.length) return { L: before.L.with(step, removedValue(before.L[step], rest)) };
  }
  throw invalidPath();
}

/** A total order in which the places of a list come after one another. */
function byPath(one: { readonly path: Path }, two: { readonly path: Path }): number {
  for (let index = 0; index < one.path.length && index < two.path.length; index++) {
    const [left, right] = [one.path[index] ?? 0, two.path[index] ?? 0];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

function wrongType() {
  return validationError('An operand in the update expression has an incorrect data type');
}

function invalidPath() {
  return validationError('The document path provided in the update expression is invalid for update');
}
