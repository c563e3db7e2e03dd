/**
 * Resolves CloudFormation's intrinsic functions without deploying anything. What only AWS can know becomes an unknown
 * value; nothing throws, for a template that cannot be read in full can still be checked in part.
 *
 * AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
import { isJsonArray, isJsonObject } from './template.ts';
import type { Json, JsonObject } from './template.ts';
import { isUnknown, unknownValue } from './unknown-value.ts';

/** What stands around a value. */
export interface IntrinsicScope {
  /** `AWS::Region` and the like; undefined for what is none. */
  pseudoParameter(name: string): Json | undefined;
  /** The value of a parameter, or what `Ref` gives for a resource. */
  reference(logicalId: string): Json;
  attribute(logicalId: string, name: string): Json;
  condition(name: string): boolean;
  mapping(map: string, topKey: string, secondKey: string): Json | undefined;
  importValue(exportName: string): Json;
  stackOutput(stackName: string, outputName: string): Json;
}

/** The value without intrinsic functions; undefined stands for `AWS::NoValue`. */
export function resolveIntrinsics(value: Json, scope: IntrinsicScope): Json | undefined {
  if (isJsonArray(value)) return listOf(value, scope);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value);
  const [name] = keys;
  if (keys.length === 1 && name !== undefined) {
    const argument = value[name] ?? null;
    if (name === 'Ref') return reference(argument, scope);
    const intrinsic = INTRINSICS[name];
    if (intrinsic !== undefined) return intrinsic(argument, scope);
    if (name.startsWith('Fn::')) return unknownValue(name);
  }
  const resolved: Record<string, Json> = {};
  for (const key of keys) {
    const property = resolveIntrinsics(value[key] ?? null, scope);
    if (property !== undefined) resolved[key] = property;
  }
  return resolved;
}

/** True or false for a condition's expression. */
export function resolveConditionExpression(expression: Json, scope: IntrinsicScope): boolean {
  if (typeof expression === 'boolean') return expression;
  if (isJsonObject(expression)) {
    const [name] = Object.keys(expression);
    const operand = name === undefined ? null : (expression[name] ?? null);
    const operands = isJsonArray(operand) ? operand : [operand];
    if (name === 'Condition' && typeof operand === 'string') return scope.condition(operand);
    if (name === 'Fn::Equals') {
      const [left, right] = operands.map((part) => JSON.stringify(resolveIntrinsics(part, scope) ?? null));
      return left?.replaceAll('"', '') === right?.replaceAll('"', '');
    }
    if (name === 'Fn::Not') return !resolveConditionExpression(operands[0] ?? false, scope);
    if (name === 'Fn::And') return operands.every((part) => resolveConditionExpression(part, scope));
    if (name === 'Fn::Or') return operands.some((part) => resolveConditionExpression(part, scope));
  }
  const resolved = resolveIntrinsics(expression, scope);
  return resolved === true || resolved === 'true';
}

type Intrinsic = (argument: Json, scope: IntrinsicScope) => Json | undefined;

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, name] = attributeNames(argument, scope);
    return scope.attribute(logicalId, name);
  },
  'Fn::Join': (argument, scope) => {
    const [delimiter, parts] = argumentsOf(argument);
    const items = resolveIntrinsics(parts ?? null, scope);
    if (!isJsonArray(items)) return isUnknown(items) ? items : unknownValue('Fn::Join');
    return items.map((item) => textOf(item)).join(textOf(delimiter ?? ''));
  },
  'Fn::Sub': (argument, scope) => {
    if (typeof argument === 'string') return substitute(argument, {}, scope);
    const [template, variables] = argumentsOf(argument);
    return substitute(textOf(template ?? ''), isJsonObject(variables) ? variables : {}, scope);
  },
  'Fn::Select': (argument, scope) => {
    const [index, list] = argumentsOf(argument);
    const items = resolveIntrinsics(list ?? null, scope);
    if (!isJsonArray(items)) return isUnknown(items) ? items : unknownValue('Fn::Select');
    return items[Number(resolveIntrinsics(index ?? 0, scope))] ?? unknownValue('Fn::Select');
  },
  'Fn::Split': (argument, scope) => {
    const [delimiter, source] = argumentsOf(argument);
    const text = resolveIntrinsics(source ?? null, scope);
    return isUnknown(text) ? [text ?? null] : textOf(text ?? '').split(textOf(delimiter ?? ''));
  },
  'Fn::If': (argument, scope) => {
    const [name, whenTrue, whenFalse] = argumentsOf(argument);
    return resolveIntrinsics((scope.condition(textOf(name ?? '')) ? whenTrue : whenFalse) ?? null, scope);
  },
  'Fn::FindInMap': (argument, scope) => {
    const [map, topKey, secondKey, fallback] = argumentsOf(argument).map((part) =>
      resolveIntrinsics(part, scope),
    );
    const found = scope.mapping(textOf(map ?? ''), textOf(topKey ?? ''), textOf(secondKey ?? ''));
    if (found !== undefined) return found;
    return isJsonObject(fallback) ? fallback['DefaultValue'] : unknownValue('Fn::FindInMap');
  },
  'Fn::Base64': (argument, scope) =>
    Buffer.from(textOf(resolveIntrinsics(argument, scope) ?? '')).toString('base64'),
  'Fn::GetAZs': (argument, scope) => {
    const region =
      textOf(resolveIntrinsics(argument, scope) ?? '') || textOf(scope.pseudoParameter('AWS::Region') ?? '');
    return ['a', 'b', 'c'].map((zone) => `${region}${zone}`);
  },
  'Fn::Cidr': () => [unknownValue('Fn::Cidr')],
  'Fn::Length': (argument, scope) => {
    const items = resolveIntrinsics(argument, scope);
    return isJsonArray(items) ? items.length : unknownValue('Fn::Length');
  },
  'Fn::ToJsonString': (argument, scope) => JSON.stringify(resolveIntrinsics(argument, scope) ?? null),
  'Fn::ImportValue': (argument, scope) => scope.importValue(textOf(resolveIntrinsics(argument, scope) ?? '')),
  'Fn::GetStackOutput': (argument, scope) => {
    const parts = resolveIntrinsics(argument, scope);
    if (!isJsonObject(parts)) return unknownValue('Fn::GetStackOutput');
    return scope.stackOutput(textOf(parts['StackName'] ?? ''), textOf(parts['OutputName'] ?? ''));
  },
  'Fn::Equals': (argument, scope) => resolveConditionExpression({ 'Fn::Equals': argument }, scope),
  'Fn::And': (argument, scope) => resolveConditionExpression({ 'Fn::And': argument }, scope),
  'Fn::Or': (argument, scope) => resolveConditionExpression({ 'Fn::Or': argument }, scope),
  'Fn::Not': (argument, scope) => resolveConditionExpression({ 'Fn::Not': argument }, scope),
};

function reference(target: Json, scope: IntrinsicScope): Json | undefined {
  if (typeof target !== 'string') return unknownValue('Ref');
  if (target === 'AWS::NoValue') return undefined;
  return scope.pseudoParameter(target) ?? scope.reference(target);
}

/** `${Name}`, `${Name.Attribute}`, `${Variable}`; `${!Text}` stays as `${Text}`. */
function substitute(template: string, variables: JsonObject, scope: IntrinsicScope): string {
  return template.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (Object.hasOwn(variables, name)) return textOf(resolveIntrinsics(variables[name] ?? '', scope) ?? '');
    return textOf(
      resolveIntrinsics(name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name }, scope) ?? '',
    );
  });
}

/** `["Queue", "Arn"]` or `"Queue.Arn"`; the attribute itself may hold dots (`Endpoint.Address`). */
function attributeNames(argument: Json, scope: IntrinsicScope): [string, string] {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    return [argument.slice(0, dot), argument.slice(dot + 1)];
  }
  const [logicalId, attribute] = argumentsOf(argument);
  return [textOf(logicalId ?? ''), textOf(resolveIntrinsics(attribute ?? '', scope) ?? '')];
}

function listOf(items: readonly Json[], scope: IntrinsicScope): Json[] {
  return items.flatMap((item) => {
    const value = resolveIntrinsics(item, scope);
    return value === undefined ? [] : [value];
  });
}

function argumentsOf(argument: Json): readonly Json[] {
  return isJsonArray(argument) ? argument : [argument];
}

function textOf(value: Json): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}
