/**
 * Resolves CloudFormation's intrinsic functions in a template value. Where a function needs something that must first
 * exist (a resource, another stack's output), it asks the scope, which may create it.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
import { cidrBlocks } from './cidr.ts';
import { AssemblyError } from '../../lib/assembly/errors.ts';
import { isJsonArray, isJsonObject } from '../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../lib/assembly/template.ts';

export interface PseudoParameters {
  readonly accountId: string;
  readonly region: string;
  readonly partition: string;
  readonly urlSuffix: string;
  readonly stackName: string;
  readonly stackId: string;
}

/** What the resolver needs to know about the world around one value of one stack. */
export interface ResolveScope {
  readonly pseudo: PseudoParameters;
  /** The value of a parameter, or the physical id of a resource. */
  reference(logicalId: string, at: string): Promise<Json>;
  attribute(logicalId: string, name: string, at: string): Promise<Json>;
  /** The expression of a named condition. */
  condition(name: string, at: string): Json;
  mapping(map: string, topKey: string, secondKey: string): Json | undefined;
  importValue(exportName: string, at: string): Json;
  stackOutput(stackName: string, outputName: string, at: string): Json;
  /** The text with addresses of AWS that a template puts together replaced by those that answer here. */
  withLocalAddresses(text: string): string;
}

/**
 * The value with every intrinsic function replaced. `undefined` stands for `AWS::NoValue`: a property or list item
 * that resolves to it is left out.
 *
 * @param at where the value stands in the template, for error messages.
 */
export async function resolveValue(value: Json, scope: ResolveScope, at: string): Promise<Json | undefined> {
  if (isJsonArray(value)) return resolveList(value, scope, at);
  if (!isJsonObject(value)) return value;

  const keys = Object.keys(value);
  const name = keys[0];
  if (keys.length === 1 && name !== undefined) {
    if (name === 'Ref') return resolveReference(value[name], scope, at);
    if (name.startsWith('Fn::')) return resolveFunction(name, value[name] ?? null, scope, at);
  }

  const resolved: Record<string, Json> = {};
  for (const key of keys) {
    const property = await resolveValue(value[key] ?? null, scope, `${at}.${key}`);
    if (property !== undefined) resolved[key] = property;
  }
  return resolved;
}

/** True or false for a condition expression: `Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not` or the name of a condition. */
export async function resolveCondition(expression: Json, scope: ResolveScope, at: string): Promise<boolean> {
  if (typeof expression === 'boolean') return expression;
  if (isJsonObject(expression)) {
    const [name] = Object.keys(expression);
    const operand = name === undefined ? null : (expression[name] ?? null);
    if (name === 'Condition' && typeof operand === 'string') {
      return resolveCondition(scope.condition(operand, at), scope, `Conditions.${operand}`);
    }
    if (name === 'Fn::Equals') {
      const [left, right] = await resolveList(listOf(operand, name, at, 2), scope, at);
      return equal(left, right);
    }
    if (name === 'Fn::Not' || name === 'Fn::And' || name === 'Fn::Or') {
      const operands: boolean[] = [];
      for (const part of listOf(operand, name, at)) operands.push(await resolveCondition(part, scope, at));
      if (name === 'Fn::Not') return operands[0] !== true;
      return name === 'Fn::And' ? operands.every(Boolean) : operands.some(Boolean);
    }
  }
  const resolved = await resolveValue(expression, scope, at);
  return resolved === true || resolved === 'true';
}

type IntrinsicFunction = (argument: Json, scope: ResolveScope, at: string) => Promise<Json | undefined>;

const FUNCTIONS: Readonly<Record<string, IntrinsicFunction>> = {
  'Fn::GetAtt': async (argument, scope, at) => {
    const [logicalId, attribute] = attributeOf(argument, at);
    const name = await text(attribute, scope, at);
    return scope.attribute(logicalId, name, at);
  },
  'Fn::Join': async (argument, scope, at) => {
    const [delimiter, parts] = listOf(argument, 'Fn::Join', at, 2);
    const items = await resolveToList(parts ?? null, scope, at);
    const joined = items.map((item) => asText(item, at)).join(await text(delimiter ?? '', scope, at));
    return scope.withLocalAddresses(joined);
  },
  'Fn::Sub': async (argument, scope, at) => {
    if (typeof argument === 'string') return substitute(argument, {}, scope, at);
    const [template, variables] = listOf(argument, 'Fn::Sub', at, 2);
    if (typeof template !== 'string' || !isJsonObject(variables)) throw malformed('Fn::Sub', at);
    return substitute(template, variables, scope, at);
  },
  'Fn::Select': async (argument, scope, at) => {
    const [index, list] = listOf(argument, 'Fn::Select', at, 2);
    const position = Number(await text(index ?? '', scope, at));
    const items = await resolveToList(list ?? null, scope, at);
    const item = items[position];
    if (item === undefined) {
      throw unresolved(`Fn::Select asks for item ${position} of a list of ${items.length}`, at);
    }
    return item;
  },
  'Fn::Split': async (argument, scope, at) => {
    const [delimiter, source] = listOf(argument, 'Fn::Split', at, 2);
    return (await text(source ?? '', scope, at)).split(await text(delimiter ?? '', scope, at));
  },
  'Fn::If': async (argument, scope, at) => {
    const [name, whenTrue, whenFalse] = listOf(argument, 'Fn::If', at, 3);
    const chosen = (await resolveCondition({ Condition: name ?? '' }, scope, at)) ? whenTrue : whenFalse;
    return resolveValue(chosen ?? null, scope, at);
  },
  'Fn::FindInMap': async (argument, scope, at) => {
    const [map, topKey, secondKey, fallback] = listOf(argument, 'Fn::FindInMap', at);
    const keys = [
      await text(map ?? '', scope, at),
      await text(topKey ?? '', scope, at),
      await text(secondKey ?? '', scope, at),
    ] as const;
    const found = scope.mapping(...keys);
    if (found !== undefined) return found;
    if (isJsonObject(fallback) && 'DefaultValue' in fallback) {
      return resolveValue(fallback['DefaultValue'] ?? null, scope, at);
    }
    throw unresolved(`Fn::FindInMap finds nothing at ${keys.join('.')}`, at);
  },
  'Fn::Base64': async (argument, scope, at) =>
    Buffer.from(await text(argument, scope, at), 'utf8').toString('base64'),
  'Fn::GetAZs': async (argument, scope, at) => {
    const region = (await text(argument, scope, at)) || scope.pseudo.region;
    return ['a', 'b', 'c'].map((zone) => `${region}${zone}`);
  },
  'Fn::Cidr': async (argument, scope, at) => {
    const [block, count, bits] = await resolveList(listOf(argument, 'Fn::Cidr', at), scope, at);
    return cidrBlocks(asText(block ?? '', at), Number(count), Number(bits ?? 8));
  },
  'Fn::Length': async (argument, scope, at) => (await resolveToList(argument, scope, at)).length,
  'Fn::ToJsonString': async (argument, scope, at) => JSON.stringify(await resolveValue(argument, scope, at)),
  'Fn::ImportValue': async (argument, scope, at) => scope.importValue(await text(argument, scope, at), at),
  'Fn::GetStackOutput': async (argument, scope, at) => {
    const parts = await resolveValue(argument, scope, at);
    if (!isJsonObject(parts)) throw malformed('Fn::GetStackOutput', at);
    return scope.stackOutput(asText(parts['StackName'] ?? '', at), asText(parts['OutputName'] ?? '', at), at);
  },
  'Fn::Equals': async (argument, scope, at) => resolveCondition({ 'Fn::Equals': argument }, scope, at),
  'Fn::And': async (argument, scope, at) => resolveCondition({ 'Fn::And': argument }, scope, at),
  'Fn::Or': async (argument, scope, at) => resolveCondition({ 'Fn::Or': argument }, scope, at),
  'Fn::Not': async (argument, scope, at) => resolveCondition({ 'Fn::Not': argument }, scope, at),
};

async function resolveFunction(
  name: string,
  argument: Json,
  scope: ResolveScope,
  at: string,
): Promise<Json | undefined> {
  const implementation = FUNCTIONS[name];
  if (implementation === undefined) {
    throw new AssemblyError(
      'WAYBILL_TEMPLATE_UNSUPPORTED',
      `${at} uses ${name}, which runs inside AWS and has no local counterpart. Compute the value in the app, or leave the resource out of this environment.`,
    );
  }
  return implementation(argument, scope, at);
}

async function resolveReference(
  target: Json | undefined,
  scope: ResolveScope,
  at: string,
): Promise<Json | undefined> {
  if (typeof target !== 'string') throw malformed('Ref', at);
  switch (target) {
    case 'AWS::NoValue':
      return undefined;
    case 'AWS::AccountId':
      return scope.pseudo.accountId;
    case 'AWS::Region':
      return scope.pseudo.region;
    case 'AWS::Partition':
      return scope.pseudo.partition;
    case 'AWS::URLSuffix':
      return scope.pseudo.urlSuffix;
    case 'AWS::StackName':
      return scope.pseudo.stackName;
    case 'AWS::StackId':
      return scope.pseudo.stackId;
    case 'AWS::NotificationARNs':
      return [];
    default:
      return scope.reference(target, at);
  }
}

/** `${Name}`, `${Name.Attribute}`, `${Variable}`; `${!Text}` stays as `${Text}`. */
async function substitute(
  template: string,
  variables: JsonObject,
  scope: ResolveScope,
  at: string,
): Promise<string> {
  let result = '';
  let end = 0;
  for (const match of template.matchAll(/\$\{([^}]*)\}/g)) {
    const name = match[1] ?? '';
    result += template.slice(end, match.index);
    end = match.index + match[0].length;
    if (name.startsWith('!')) result += `\${${name.slice(1)}}`;
    else if (Object.hasOwn(variables, name)) result += await text(variables[name] ?? '', scope, at);
    else if (name.includes('.')) result += await text({ 'Fn::GetAtt': name }, scope, at);
    else result += await text({ Ref: name }, scope, at);
  }
  return scope.withLocalAddresses(result + template.slice(end));
}

/** `["Queue", "Arn"]` or `"Queue.Arn"`; the attribute itself may hold dots (`Endpoint.Address`). */
function attributeOf(argument: Json, at: string): [string, Json] {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    if (dot > 0) return [argument.slice(0, dot), argument.slice(dot + 1)];
  }
  if (isJsonArray(argument) && typeof argument[0] === 'string' && argument[1] !== undefined) {
    return [argument[0], argument[1]];
  }
  throw malformed('Fn::GetAtt', at);
}

async function resolveList(items: readonly Json[], scope: ResolveScope, at: string): Promise<Json[]> {
  const resolved: Json[] = [];
  for (const [index, item] of items.entries()) {
    const value = await resolveValue(item, scope, `${at}[${index}]`);
    if (value !== undefined) resolved.push(value);
  }
  return resolved;
}

async function resolveToList(value: Json, scope: ResolveScope, at: string): Promise<readonly Json[]> {
  const resolved = await resolveValue(value, scope, at);
  if (isJsonArray(resolved)) return resolved;
  throw unresolved(`a list is needed, and the value is ${JSON.stringify(resolved)}`, at);
}

async function text(value: Json, scope: ResolveScope, at: string): Promise<string> {
  return asText((await resolveValue(value, scope, at)) ?? '', at);
}

function asText(value: Json, at: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw unresolved(`a text is needed, and the value is ${JSON.stringify(value)}`, at);
}

function listOf(argument: Json, name: string, at: string, atLeast = 1): readonly Json[] {
  if (isJsonArray(argument) && argument.length >= atLeast) return argument;
  throw malformed(name, at);
}

/** CloudFormation compares parameters as text, so `1` equals `"1"`. */
function equal(left: Json | undefined, right: Json | undefined): boolean {
  if (typeof left === 'object' || typeof right === 'object')
    return JSON.stringify(left) === JSON.stringify(right);
  return String(left) === String(right);
}

function malformed(name: string, at: string): AssemblyError {
  return unresolved(`the arguments of ${name} do not have the documented form`, at);
}

function unresolved(what: string, at: string): AssemblyError {
  return new AssemblyError('WAYBILL_TEMPLATE_UNRESOLVED', `${at} cannot be resolved: ${what}.`);
}
