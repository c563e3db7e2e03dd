/** Is a condition true of an item? */
import { bytesOf, compareValues, sameValue } from '../compare.ts';
import { binaryBytes } from '../item-size.ts';
import type { AttributeValue, Item } from '../model.ts';
import { typeOf } from '../values.ts';
import type { Comparator, Condition, Operand } from './condition-parser.ts';
import { valueAt } from './path.ts';

/** An item that is not there is an empty one: every attribute is missing. */
export function holds(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item) && holds(condition.right, item);
    case 'or':
      return holds(condition.left, item) || holds(condition.right, item);
    case 'not':
      return !holds(condition.condition, item);
    case 'compare':
      return compares(
        condition.comparator,
        operandValue(condition.left, item),
        operandValue(condition.right, item),
      );
    case 'between': {
      const value = operandValue(condition.operand, item);
      return (
        compares('>=', value, operandValue(condition.lower, item)) &&
        compares('<=', value, operandValue(condition.upper, item))
      );
    }
    case 'in': {
      const value = operandValue(condition.operand, item);
      return condition.list.some((operand) => compares('=', value, operandValue(operand, item)));
    }
    case 'function':
    default:
      return functionHolds(condition.name, condition.arguments, item);
  }
}

function compares(
  comparator: Comparator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  // What is missing equals nothing and differs from everything.
  if (left === undefined || right === undefined) return comparator === '<>';
  if (comparator === '=') return sameValue(left, right);
  if (comparator === '<>') return !sameValue(left, right);
  const order = compareValues(left, right);
  if (order === undefined) return false;
  switch (comparator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
    default:
      return order >= 0;
  }
}

function functionHolds(name: string, operands: readonly Operand[], item: Item): boolean {
  const value = operands[0] && operandValue(operands[0], item);
  if (name === 'attribute_exists') return value !== undefined;
  if (name === 'attribute_not_exists') return value === undefined;
  const second = operands[1] && operandValue(operands[1], item);
  if (value === undefined || second === undefined) return false;
  if (name === 'attribute_type') return typeOf(value) === second.S;
  return name === 'begins_with' ? beginsWith(value, second) : contains(value, second);
}

function beginsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  if (value.S !== undefined && prefix.S !== undefined) return value.S.startsWith(prefix.S);
  return value.B !== undefined && prefix.B !== undefined && bytesOf(value.B).startsWith(bytesOf(prefix.B));
}

/** A part of a text or binary, a member of a set, an element of a list. */
function contains(value: AttributeValue, part: AttributeValue): boolean {
  if (part.S !== undefined && value.S !== undefined) return value.S.includes(part.S);
  if (part.S !== undefined && value.SS !== undefined) return value.SS.includes(part.S);
  if (part.N !== undefined && value.NS !== undefined) return value.NS.includes(part.N);
  if (part.B !== undefined && value.B !== undefined) return bytesOf(value.B).includes(bytesOf(part.B));
  if (part.B !== undefined && value.BS !== undefined) return value.BS.includes(part.B);
  return value.L?.some((element) => sameValue(element, part)) ?? false;
}

function operandValue(operand: Operand, item: Item): AttributeValue | undefined {
  if (operand.kind === 'path') return valueAt(item, operand.path);
  if (operand.kind === 'value') return operand.value;
  const [of] = operand.arguments;
  const value = of && operandValue(of, item);
  const size = value && sizeOf(value);
  return size === undefined ? undefined : { N: String(size) };
}

/** What `size(path)` gives; undefined for types that have none. */
function sizeOf(value: AttributeValue): number | undefined {
  if (value.S !== undefined) return value.S.length;
  if (value.B !== undefined) return binaryBytes(value.B);
  if (value.M !== undefined) return Object.keys(value.M).length;
  return (value.L ?? value.SS ?? value.NS ?? value.BS)?.length;
}
