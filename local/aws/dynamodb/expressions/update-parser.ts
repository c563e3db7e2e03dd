/**
 * Parses UpdateExpression, and refuses what AWS refuses before it looks at the item.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
 */
import type { AttributeType, AttributeValue } from '../model.ts';
import { typeOf } from '../values.ts';
import { pathClash, type Path } from './path.ts';
import { createReader, type Reader } from './reader.ts';
import type { Scope } from './scope.ts';

export type UpdateOperand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'if_not_exists'; readonly path: Path; readonly otherwise: UpdateOperand }
  | {
      readonly kind: 'list_append' | '+' | '-';
      readonly left: UpdateOperand;
      readonly right: UpdateOperand;
    };

export interface Update {
  readonly set: readonly { readonly path: Path; readonly operand: UpdateOperand }[];
  readonly remove: readonly Path[];
  readonly add: readonly { readonly path: Path; readonly value: AttributeValue }[];
  readonly delete: readonly { readonly path: Path; readonly value: AttributeValue }[];
  /** Every path that is written, in the order of the expression. */
  readonly paths: readonly Path[];
}

const RANKS = {
  reserved: 0,
  unknownFunction: 1,
  section: 2,
  name: 3,
  value: 4,
  overlap: 5,
  conflict: 6,
  operand: 7,
  function: 8,
};

/** AWS names types in full for ADD and DELETE. */
const LONG_TYPE_NAMES: Partial<Record<AttributeType, string>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  NULL: 'NULL',
  BOOL: 'BOOLEAN',
  L: 'LIST',
  M: 'MAP',
};

/** Throws an ExpressionError. */
export function parseUpdate(expression: string, scope: Scope): Update {
  const reader = createReader(expression, scope, RANKS);
  const set: { path: Path; operand: UpdateOperand }[] = [];
  const remove: Path[] = [];
  const add: { path: Path; value: AttributeValue }[] = [];
  const deleted: { path: Path; value: AttributeValue }[] = [];
  const paths: Path[] = [];
  const sections = new Set<string>();

  const target = (): Path => {
    const path = reader.path();
    for (const other of paths) {
      const clash = pathClash(other, path);
      if (clash !== undefined) {
        reader.report(clash.includes('overlap') ? RANKS.overlap : RANKS.conflict, clash);
      }
    }
    paths.push(path);
    return path;
  };

  const section = (name: string, clause: () => void) => {
    if (sections.has(name)) {
      reader.report(RANKS.section, `The "${name}" section can only be used once in an update expression;`);
    }
    sections.add(name);
    do clause();
    while (reader.takes(','));
  };

  do {
    if (reader.takesWord('SET')) {
      section('SET', () => {
        const path = target();
        reader.expect('=');
        set.push({ path, operand: parseValue(reader) });
      });
    } else if (reader.takesWord('REMOVE')) {
      section('REMOVE', () => remove.push(target()));
    } else if (reader.takesWord('ADD')) {
      section('ADD', () => add.push({ path: target(), value: checkedValue(reader, 'ADD') }));
    } else if (reader.takesWord('DELETE')) {
      section('DELETE', () => deleted.push({ path: target(), value: checkedValue(reader, 'DELETE') }));
    } else throw reader.unexpected();
  } while (reader.peek().kind !== 'end');
  reader.finish();
  return { set, remove, add, delete: deleted, paths };
}

/** Stands for a value that is not defined; the expression is refused before it is used. */
const UNDEFINED_VALUE: AttributeValue = { NULL: true };

function checkedValue(reader: Reader, section: 'ADD' | 'DELETE'): AttributeValue {
  const value = reader.value();
  if (value === undefined) return UNDEFINED_VALUE;
  const type = typeOf(value);
  const longName = LONG_TYPE_NAMES[type];
  if (longName !== undefined && !(section === 'ADD' && type === 'N')) {
    reader.report(
      RANKS.operand,
      `Incorrect operand type for operator or function; operator: ${section}, operand type: ${longName}`,
    );
  }
  return value;
}

/** One operand, or two with a plus or minus between them. */
function parseValue(reader: Reader): UpdateOperand {
  if (reader.takes('(')) {
    const inner = parseValue(reader);
    reader.expect(')');
    return parseSum(reader, inner);
  }
  return parseSum(reader, parseOperand(reader));
}

function parseSum(reader: Reader, left: UpdateOperand): UpdateOperand {
  for (const kind of ['+', '-'] as const) {
    if (!reader.takes(kind)) continue;
    const right = parseOperand(reader);
    checkTypes(reader, kind, [left, right], 'N');
    return { kind, left, right };
  }
  return left;
}

function parseOperand(reader: Reader): UpdateOperand {
  if (reader.takes('(')) {
    const inner = parseOperand(reader);
    reader.expect(')');
    return inner;
  }
  if (reader.peek().kind === 'value') {
    return { kind: 'value', value: reader.value() ?? UNDEFINED_VALUE };
  }
  const name = reader.functionName();
  return name === undefined ? { kind: 'path', path: reader.path() } : parseFunction(reader, name);
}

function parseFunction(reader: Reader, name: string): UpdateOperand {
  const operands: UpdateOperand[] = [];
  do operands.push(parseOperand(reader));
  while (reader.takes(','));
  reader.expect(')');
  const [left, right] = operands;
  if (name !== 'if_not_exists' && name !== 'list_append') {
    reader.report(RANKS.unknownFunction, `Invalid function name; function: ${name}`);
    return { kind: 'value', value: UNDEFINED_VALUE };
  }
  if (left === undefined || right === undefined || operands.length !== 2) {
    reader.report(
      RANKS.function,
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
    );
    return { kind: 'value', value: UNDEFINED_VALUE };
  }
  if (name === 'list_append') {
    checkTypes(reader, name, operands, 'L');
    return { kind: name, left, right };
  }
  if (left.kind !== 'path') {
    reader.report(
      RANKS.function,
      `Operator or function requires a document path; operator or function: ${name}`,
    );
    return { kind: 'value', value: UNDEFINED_VALUE };
  }
  return { kind: name, path: left.path, otherwise: right };
}

function checkTypes(
  reader: Reader,
  name: string,
  operands: readonly UpdateOperand[],
  expected: AttributeType,
): void {
  for (const operand of operands) {
    if (operand.kind !== 'value' || operand.value === UNDEFINED_VALUE) continue;
    const type = typeOf(operand.value);
    if (type === expected) continue;
    reader.report(
      RANKS.function,
      `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
    );
  }
}
