/** The expressions of a request, read and bound to its placeholders. */
import { serializationError, validationError } from '../errors.ts';
import { MAXIMUM_EXPRESSION_BYTES } from '../limits.ts';
import { textBytes } from '../item-size.ts';
import { parseCondition } from './condition-parser.ts';
import { parseProjection } from './projection.ts';
import { readScope, type Scope } from './scope.ts';
import { ExpressionError } from './tokens.ts';
import { parseUpdate } from './update-parser.ts';

export { holds } from './condition.ts';
export type { Condition, Operand } from './condition-parser.ts';
export { readKeyCondition, type KeyCondition } from './key-condition.ts';
export { project, type Path } from './path.ts';
export { applyUpdate } from './update.ts';
export type { Update } from './update-parser.ts';

type Input = Readonly<Record<string, unknown>>;

const PARSERS = {
  UpdateExpression: parseUpdate,
  ConditionExpression: parseCondition,
  KeyConditionExpression: parseCondition,
  FilterExpression: parseCondition,
  ProjectionExpression: parseProjection,
};

type Parsers = typeof PARSERS;

export type Expressions<Names extends keyof Parsers> = {
  readonly [Name in Names]?: ReturnType<Parsers[Name]>;
};

/** Parameters from before there were expressions; each with what to use in its place. */
const LEGACY_PARAMETERS: Readonly<Record<string, string>> = {
  Expected: 'ConditionExpression',
  AttributeUpdates: 'UpdateExpression',
  KeyConditions: 'KeyConditionExpression',
  QueryFilter: 'FilterExpression',
  ScanFilter: 'FilterExpression',
  ConditionalOperator: 'an expression with AND or OR',
};

/** Reads the named expressions that a request has. Throws the ValidationException that AWS answers. */
export function readExpressions<Name extends keyof Parsers>(
  input: Input,
  names: readonly Name[],
): Expressions<Name> {
  refuseLegacyParameters(input, names);
  const scope = readScope(input, names);
  const expressions: { -readonly [Key in Name]?: unknown } = {};
  for (const name of names) {
    const text = input[name];
    if (text === undefined || text === null) continue;
    if (typeof text !== 'string') {
      throw serializationError('Start of structure or map found where not expected');
    }
    expressions[name] = parse(name, text, scope);
  }
  scope.checkAllUsed();
  return expressions as Expressions<Name>;
}

function parse(name: keyof Parsers, text: string, scope: Scope): unknown {
  if (textBytes(text) > MAXIMUM_EXPRESSION_BYTES) {
    throw validationError(
      `Invalid ${name}: Expression size has exceeded the maximum allowed size; expression size: ${textBytes(text)}`,
    );
  }
  try {
    return PARSERS[name](text, scope);
  } catch (error) {
    if (error instanceof ExpressionError) throw validationError(`Invalid ${name}: ${error.message}`);
    throw error;
  }
}

function refuseLegacyParameters(input: Input, names: readonly string[]): void {
  const legacy = Object.keys(LEGACY_PARAMETERS).filter(
    (name) => input[name] !== undefined && input[name] !== null,
  );
  const [first] = legacy;
  if (first === undefined) return;
  const modern = names.filter((name) => input[name] !== undefined);
  throw validationError(
    modern.length > 0
      ? `Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {${legacy.join(', ')}} Expression parameters: {${modern.join(', ')}}`
      : `The embedded AWS does not take the legacy parameter ${first}. Use ${LEGACY_PARAMETERS[first]}.`,
  );
}
