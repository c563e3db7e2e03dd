/**
 * Parses ConditionExpression, FilterExpression and KeyConditionExpression, and refuses what AWS refuses before it looks
 * at any item.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
import { compareValues } from '../compare.ts';
import type { AttributeType, AttributeValue } from '../model.ts';
import { typeOf } from '../values.ts';
import { samePath, shownPath, type Path } from './path.ts';
import { createReader, type Reader } from './reader.ts';
import type { Scope } from './scope.ts';

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  /** The value is undefined only in an expression that is refused. */
  | { readonly kind: 'value'; readonly value: AttributeValue | undefined }
  | { readonly kind: 'function'; readonly name: string; readonly arguments: readonly Operand[] };

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly condition: Condition }
  | {
      readonly kind: 'compare';
      readonly comparator: Comparator;
      readonly left: Operand;
      readonly right: Operand;
    }
  | {
      readonly kind: 'between';
      readonly operand: Operand;
      readonly lower: Operand;
      readonly upper: Operand;
    }
  | { readonly kind: 'in'; readonly operand: Operand; readonly list: readonly Operand[] }
  | { readonly kind: 'function'; readonly name: string; readonly arguments: readonly Operand[] };

/** Which error AWS names when there are several; lower ones first. */
const RANKS = {
  parentheses: 0,
  unknownFunction: 1,
  misusedFunction: 2,
  reserved: 3,
  name: 4,
  value: 4,
  operandCount: 5,
  distinct: 6,
  type: 7,
};

const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);
const KEYWORDS: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT', 'IN', 'BETWEEN']);
/** The functions and how many operands they take. */
const FUNCTIONS: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};
const TYPE_NAMES = ['S', 'N', 'B', 'NULL', 'SS', 'BOOL', 'L', 'BS', 'NS', 'M'];
const ORDERED_TYPES: ReadonlySet<AttributeType> = new Set(['S', 'N', 'B']);
/** "You can use up to 100 values in the list" of IN. Expressions.OperatorsAndFunctions.html */
const MAXIMUM_IN_VALUES = 100;

/** What stands between two operators: an operand, or a condition, and whether it was in parentheses. */
interface Term {
  readonly node: Operand | Condition;
  readonly parenthesised: boolean;
}

/** Throws an ExpressionError. */
export function parseCondition(expression: string, scope: Scope): Condition {
  const reader = createReader(expression, scope, RANKS);
  const { node } = parseOr(reader);
  if (reader.peek().kind !== 'end') throw reader.unexpected();
  const condition = asCondition(reader, node);
  reader.finish();
  return condition;
}

function parseOr(reader: Reader): Term {
  let term = parseAnd(reader);
  while (reader.takesWord('OR')) term = joined(reader, 'or', term, parseAnd(reader));
  return term;
}

function parseAnd(reader: Reader): Term {
  let term = parseNot(reader);
  while (reader.takesWord('AND')) term = joined(reader, 'and', term, parseNot(reader));
  return term;
}

function joined(reader: Reader, kind: 'and' | 'or', left: Term, right: Term): Term {
  const node = { kind, left: asCondition(reader, left.node), right: asCondition(reader, right.node) };
  return { node, parenthesised: false };
}

function parseNot(reader: Reader): Term {
  if (!reader.takesWord('NOT')) return parseComparison(reader);
  return {
    node: { kind: 'not', condition: asCondition(reader, parseNot(reader).node) },
    parenthesised: false,
  };
}

function parseComparison(reader: Reader): Term {
  const first = parsePrimary(reader);
  const { kind, text } = reader.peek();
  if (kind === 'symbol' && COMPARATORS.has(text)) {
    reader.next();
    const left = asOperand(reader, first.node);
    const right = asOperand(reader, parsePrimary(reader).node);
    const comparator = text as Comparator;
    checkMisuse(reader, [left, right]);
    checkDistinct(reader, comparator, [left, right]);
    if (comparator !== '=' && comparator !== '<>') checkOrdered(reader, comparator, [left, right]);
    return { node: { kind: 'compare', comparator, left, right }, parenthesised: false };
  }
  if (reader.takesWord('BETWEEN')) {
    const operand = asOperand(reader, first.node);
    const lower = asOperand(reader, parsePrimary(reader).node);
    if (!reader.takesWord('AND')) throw reader.unexpected();
    const upper = asOperand(reader, parsePrimary(reader).node);
    checkMisuse(reader, [operand, lower, upper]);
    checkBounds(reader, lower, upper);
    return { node: { kind: 'between', operand, lower, upper }, parenthesised: false };
  }
  if (reader.takesWord('IN')) {
    const operand = asOperand(reader, first.node);
    reader.expect('(');
    const list = parseOperands(reader);
    checkMisuse(reader, [operand, ...list]);
    if (list.length > MAXIMUM_IN_VALUES) {
      reader.report(
        RANKS.operandCount,
        `The number of operands to the IN operator is too large; number of operands: ${list.length}`,
      );
    }
    return { node: { kind: 'in', operand, list }, parenthesised: false };
  }
  return first;
}

function parsePrimary(reader: Reader): Term {
  if (reader.takes('(')) {
    const inner = parseOr(reader);
    reader.expect(')');
    if (inner.parenthesised) reader.report(RANKS.parentheses, 'The expression has redundant parentheses;');
    return { node: inner.node, parenthesised: true };
  }
  const token = reader.peek();
  if (token.kind === 'value') {
    return { node: { kind: 'value', value: reader.value() }, parenthesised: false };
  }
  if (token.kind === 'word') {
    if (KEYWORDS.has(token.text.toUpperCase())) throw reader.unexpected();
    const call = parseFunction(reader);
    if (call) return { node: call, parenthesised: false };
  }
  return { node: { kind: 'path', path: reader.path() }, parenthesised: false };
}

function parseFunction(reader: Reader): Operand | undefined {
  const name = reader.functionName();
  if (name === undefined) return undefined;
  const operands = parseOperands(reader);
  checkMisuse(reader, operands);
  checkFunction(reader, name, operands);
  return { kind: 'function', name, arguments: operands };
}

/** `a, b)`: the opening parenthesis has been read. */
function parseOperands(reader: Reader): readonly Operand[] {
  const operands: Operand[] = [];
  do operands.push(asOperand(reader, parsePrimary(reader).node));
  while (reader.takes(','));
  reader.expect(')');
  return operands;
}

function asOperand(reader: Reader, node: Operand | Condition): Operand {
  if (node.kind === 'path' || node.kind === 'value' || node.kind === 'function') return node;
  throw reader.unexpected();
}

function asCondition(reader: Reader, node: Operand | Condition): Condition {
  if (node.kind === 'path' || node.kind === 'value') throw reader.unexpected();
  if (node.kind === 'function' && node.name === 'size') reportMisuse(reader, node.name);
  return node;
}

/** Only `size` gives something that can be an operand. */
function checkMisuse(reader: Reader, operands: readonly Operand[]): void {
  for (const operand of operands) {
    if (operand.kind === 'function' && operand.name !== 'size') reportMisuse(reader, operand.name);
  }
}

function reportMisuse(reader: Reader, name: string): void {
  reader.report(
    RANKS.misusedFunction,
    `The function is not allowed to be used this way in an expression; function: ${name}`,
  );
}

function checkFunction(reader: Reader, name: string, operands: readonly Operand[]): void {
  const count = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (count === undefined) {
    reader.report(RANKS.unknownFunction, `Invalid function name; function: ${name}`);
    return;
  }
  if (operands.length !== count) {
    reader.report(
      RANKS.operandCount,
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
    );
    return;
  }
  checkDistinct(reader, name, operands);
  const [first, second] = operands;
  const wrongType = (type: string) =>
    reader.report(
      RANKS.type,
      `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
    );
  if (name.startsWith('attribute_') && first?.kind !== 'path') {
    reader.report(RANKS.type, `Operator or function requires a document path; operator or function: ${name}`);
  } else if (name === 'begins_with') {
    const wrong = operands
      .map(operandType)
      .find((type) => type !== undefined && type !== 'S' && type !== 'B');
    if (wrong !== undefined) wrongType(wrong);
  } else if (name === 'size') {
    const type = operandType(first);
    if (type === 'N' || type === 'BOOL' || type === 'NULL') wrongType(type);
  } else if (name === 'attribute_type') {
    const type = second?.kind === 'value' ? second.value?.S : undefined;
    if (type === undefined) wrongType(operandType(second) ?? '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}');
    else if (!TYPE_NAMES.includes(type)) {
      reader.report(
        RANKS.type,
        `Invalid attribute type name found; type: ${type}, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
      );
    }
  }
}

function checkDistinct(reader: Reader, operator: string, operands: readonly Operand[]): void {
  const [first, second] = operands;
  if (first?.kind !== 'path' || second?.kind !== 'path' || !samePath(first.path, second.path)) return;
  reader.report(
    RANKS.distinct,
    `The first operand must be distinct from the remaining operands for this operator or function; operator: ${operator}, first operand: ${shownPath(first.path)}`,
  );
}

function checkOrdered(reader: Reader, comparator: string, operands: readonly Operand[]): void {
  for (const operand of operands) {
    const type = operandType(operand);
    if (type === undefined || ORDERED_TYPES.has(type)) continue;
    reader.report(
      RANKS.type,
      `Incorrect operand type for operator or function; operator: ${comparator}, operand type: ${type}`,
    );
  }
}

function checkBounds(reader: Reader, lower: Operand, upper: Operand): void {
  if (lower.kind !== 'value' || upper.kind !== 'value' || !lower.value || !upper.value) return;
  const [low, high] = [lower.value, upper.value];
  const shown = (value: AttributeValue) => {
    const type = typeOf(value);
    return `AttributeValue: {${type}:${JSON.stringify(value[type]).replace(/^"|"$/g, '')}}`;
  };
  const bounds = `lower bound operand: ${shown(low)}, upper bound operand: ${shown(high)}`;
  if (typeOf(low) !== typeOf(high)) {
    reader.report(
      RANKS.type,
      `The BETWEEN operator requires same data type for lower and upper bounds; ${bounds}`,
    );
  } else if ((compareValues(low, high) ?? 0) > 0) {
    reader.report(
      RANKS.type,
      `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ${bounds}`,
    );
  }
}

function operandType(operand: Operand | undefined): AttributeType | undefined {
  if (operand?.kind === 'function') return operand.name === 'size' ? 'N' : undefined;
  return operand?.kind === 'value' && operand.value ? typeOf(operand.value) : undefined;
}
