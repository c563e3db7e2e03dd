/** The placeholders of a request: what they stand for, and which of them no expression used. */
import { own } from '../compare.ts';
import { serializationError, validationError } from '../errors.ts';
import { AwsError } from '../../errors.ts';
import type { AttributeValue } from '../model.ts';
import { readValue } from '../values.ts';

export interface Scope {
  /** The attribute a `#name` stands for, or undefined when the request does not say. */
  name(placeholder: string): string | undefined;
  value(placeholder: string): AttributeValue | undefined;
  /** Throws when a placeholder was defined and never asked for. */
  checkAllUsed(): void;
}

type Input = Readonly<Record<string, unknown>>;

/** Of the two maps in a request, `expressions` names its members that can use them. */
export function readScope(input: Input, expressions: readonly string[]): Scope {
  const names = placeholders(input, 'ExpressionAttributeNames', /^#\w+$/);
  const values = placeholders(input, 'ExpressionAttributeValues', /^:\w+$/);
  if (Object.keys(names).length + Object.keys(values).length === 0) return EMPTY_SCOPE;
  const given = expressions.filter((name) => input[name] !== undefined && input[name] !== null);
  const withValues = expressions.filter((name) => name !== 'ProjectionExpression');
  if (given.length === 0 && Object.keys(names).length > 0) {
    throw validationError('ExpressionAttributeNames can only be specified when using expressions');
  }
  if (Object.keys(values).length > 0 && !withValues.some((name) => given.includes(name))) {
    throw validationError(
      `ExpressionAttributeValues can only be specified when using expressions: ${withValues.join(' and ')} ${withValues.length > 1 ? 'are' : 'is'} null`,
    );
  }
  const read = readValues(values);
  const unusedNames = new Set(Object.keys(names));
  const unusedValues = new Set(read.keys());
  return {
    name(placeholder) {
      unusedNames.delete(placeholder);
      const name = own(names, placeholder);
      if (name !== undefined && typeof name !== 'string') {
        throw serializationError('Start of structure or map found where not expected');
      }
      return name;
    },
    value(placeholder) {
      unusedValues.delete(placeholder);
      return read.get(placeholder);
    },
    checkAllUsed() {
      checkUsed('ExpressionAttributeNames', unusedNames);
      checkUsed('ExpressionAttributeValues', unusedValues);
    },
  };
}

const EMPTY_SCOPE: Scope = { name: () => undefined, value: () => undefined, checkAllUsed() {} };

function checkUsed(member: string, unused: ReadonlySet<string>): void {
  if (unused.size > 0) {
    throw validationError(
      `Value provided in ${member} unused in expressions: keys: {${[...unused].join(', ')}}`,
    );
  }
}

function placeholders(input: Input, member: string, pattern: RegExp): Input {
  const raw = input[member];
  if (raw === undefined || raw === null) return {};
  if (typeof raw !== 'object' || Array.isArray(raw)) throw serializationError('Unexpected field type');
  const keys = Object.keys(raw);
  if (keys.length === 0) throw validationError(`${member} must not be empty`);
  const wrong = keys.find((key) => !pattern.test(key));
  if (wrong !== undefined) {
    throw validationError(`${member} contains invalid key: Syntax error; key: "${wrong}"`);
  }
  return raw as Input;
}

function readValues(values: Input): ReadonlyMap<string, AttributeValue> {
  const read = new Map<string, AttributeValue>();
  for (const [key, raw] of Object.entries(values)) {
    try {
      read.set(key, readValue(raw));
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'ValidationException') throw error;
      throw validationError(
        `ExpressionAttributeValues contains invalid value: ${error.message} for key ${key}`,
      );
    }
  }
  return read;
}
