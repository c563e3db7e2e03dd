/**
 * Walks through a template: each resource is asked for when it, or something that refers to it, needs it. One after
 * the other, so the path of references that led to a resource is always known, and a cycle is told by it. What a
 * resource is, whoever walks says: what really gets made, or what would be.
 */
import { rootCaller } from '../aws/context.ts';
import type { AwsContext } from '../aws/context.ts';
import { resolveDynamicReferences } from './dynamic-references.ts';
import { AssemblyError } from '../../lib/assembly/errors.ts';
import { answered, CannotRun } from './providers/provider.ts';
import type { Created } from './providers/provider.ts';
import { resolveCondition, resolveValue } from './resolve.ts';
import type { ResolveScope } from './resolve.ts';
import type { StackOutput } from './stack.ts';
import type { Stacks } from './stacks.ts';
import { isJsonObject } from '../../lib/assembly/template.ts';
import type { Json, JsonObject, Template, TemplateResource } from '../../lib/assembly/template.ts';

/** A template for one stack. */
export interface Target {
  readonly stackName: string;
  readonly stackId: string;
  readonly template: Template;
  /** Given values, by name. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Walked extends Created {
  /** Set when the resource is not there: what refers to it gets made-up values. */
  readonly absent?: { readonly arn: string };
  /** What every attribute is that cannot be known yet. */
  readonly unknown?: string;
}

/** A resource that the template has, its condition being true. */
export interface WantedResource {
  readonly logicalId: string;
  readonly definition: TemplateResource;
  /** Where it stands, for messages. */
  readonly at: string;
  /** Its properties with every function resolved; what it refers to is walked first. */
  properties(): Promise<JsonObject>;
  /** What it refers to and depends on, as far as it has been walked. */
  dependsOn(): readonly string[];
}

export interface Walk {
  /** Walks every resource that the template has. */
  all(): Promise<void>;
  /** The logical ids that were made. */
  readonly wanted: ReadonlySet<string>;
  outputs(): Promise<readonly StackOutput[]>;
  /** Names of exports that were used. */
  readonly imports: ReadonlySet<string>;
}

/** @throws AssemblyError `WAYBILL_TEMPLATE_UNSUPPORTED` for a transform */
export function walkTemplate(
  target: Target,
  stacks: Stacks,
  make: (resource: WantedResource) => Promise<Walked>,
): Walk {
  const { template, stackName, stackId } = target;
  if (template.Transform !== undefined) {
    throw new AssemblyError(
      'WAYBILL_TEMPLATE_UNSUPPORTED',
      `The stack ${stackName} uses the transform ${JSON.stringify(template.Transform)}, which runs inside AWS and has no local counterpart.`,
    );
  }
  const { aws } = stacks;
  const resources = template.Resources ?? {};
  const walked = new Map<string, Walked>();
  const wanted = new Set<string>();
  const imports = new Set<string>();

  const scopeAlong = (path: readonly string[], references: Set<string>): ResolveScope => ({
    pseudo: {
      accountId: aws.accountId,
      region: aws.region,
      partition: 'aws',
      urlSuffix: 'amazonaws.com',
      stackName,
      stackId,
    },
    async reference(name, at) {
      if (template.Parameters?.[name] !== undefined) return parameterValue(name, target, aws);
      references.add(name);
      return (await walkTo(name, path, at)).physicalId;
    },
    async attribute(logicalId, name, at) {
      references.add(logicalId);
      return attributeOf(await walkTo(logicalId, path, at), name, logicalId, at);
    },
    condition(name, at) {
      const expression = template.Conditions?.[name];
      if (expression === undefined) throw missing('condition', name, at, stackName);
      return expression;
    },
    mapping: (map, top, second) => template.Mappings?.[map]?.[top]?.[second],
    importValue(exportName, at) {
      const found = stacks.exports().get(exportName);
      if (found === undefined) throw missing('export', exportName, at, stackName);
      imports.add(exportName);
      return found.value;
    },
    stackOutput(producer, output, at) {
      const value = stacks.byName.get(producer)?.outputs.find(({ name }) => name === output)?.value;
      if (value === undefined) throw missing('stack output', `${producer}.${output}`, at, stackName);
      return value;
    },
    withLocalAddresses: (text) => aws.services.find('apigateway')?.withLocalAddresses(text) ?? text,
  });

  const walkTo = async (logicalId: string, path: readonly string[], at: string): Promise<Walked> => {
    const already = walked.get(logicalId);
    if (already !== undefined) return already;
    const definition = resources[logicalId];
    if (definition === undefined) throw missing('resource', logicalId, at, stackName);
    if (path.includes(logicalId)) {
      const cycle = [...path.slice(path.indexOf(logicalId)), logicalId].join(' -> ');
      throw new AssemblyError(
        'WAYBILL_TEMPLATE_CYCLE',
        `Resources of the stack ${stackName} depend on each other: ${cycle}. CloudFormation would refuse this too.`,
      );
    }
    const result = await walkResource(logicalId, definition, [...path, logicalId]);
    walked.set(logicalId, result);
    return result;
  };

  const walkResource = async (
    logicalId: string,
    definition: TemplateResource,
    path: readonly string[],
  ): Promise<Walked> => {
    const references = new Set<string>();
    const scope = scopeAlong(path, references);
    const at = `${stackName}.Resources.${logicalId}`;
    const { Condition } = definition;
    if (Condition !== undefined && !(await resolveCondition({ Condition }, scope, at))) {
      return absentResource(aws, logicalId, definition.Type);
    }
    for (const dependency of [definition.DependsOn ?? []].flat()) {
      references.add(dependency);
      await walkTo(dependency, path, `${at}.DependsOn`);
    }
    wanted.add(logicalId);
    return make({
      logicalId,
      definition,
      at,
      properties: async () => {
        const resolved = await resolveValue(definition.Properties ?? {}, scope, `${at}.Properties`);
        return withCacheAddresses(aws, resolved ?? {}) as JsonObject;
      },
      dependsOn: () => [...references],
    });
  };

  return {
    async all() {
      for (const logicalId of Object.keys(resources)) await walkTo(logicalId, [], stackName);
    },
    wanted,
    imports,
    async outputs() {
      const scope = scopeAlong([], new Set());
      const outputs: StackOutput[] = [];
      for (const [name, output] of Object.entries(template.Outputs ?? {})) {
        const at = `${stackName}.Outputs.${name}`;
        const { Condition } = output;
        if (Condition !== undefined && !(await resolveCondition({ Condition }, scope, at))) continue;
        const value = (await resolveValue(output.Value, scope, at)) ?? null;
        const exportName =
          output.Export && (await resolveValue(output.Export.Name, scope, `${at}.Export.Name`));
        outputs.push({
          name,
          value,
          ...(output.Description !== undefined && { description: output.Description }),
          ...(typeof exportName === 'string' && { exportName }),
        });
      }
      return outputs;
    },
  };
}

/** Names that caches have in AWS become addresses of this machine, where properties hold them whole. */
function withCacheAddresses({ services }: AwsContext, value: Json): Json {
  const caches = [services.find('elasticache'), services.find('memorydb')].filter((one) => one !== undefined);
  const local = (text: string): string =>
    caches.reduce((known, service) => service.withLocalAddresses(known), text);
  const inside = (one: Json): Json => {
    if (typeof one === 'string') return local(one);
    if (Array.isArray(one)) return one.map(inside);
    return isJsonObject(one)
      ? Object.fromEntries(Object.entries(one).map(([name, member]) => [name, inside(member)]))
      : one;
  };
  return inside(value);
}

/** What refers to a resource that is not there gets an ARN of the right shape, or a text that names it. */
export function absentResource(aws: AwsContext, logicalId: string, type: string): Walked {
  const [, service = ''] = type.toLowerCase().split('::');
  const arn = `arn:aws:${service}:${aws.region}:${aws.accountId}:${logicalId}`;
  return { physicalId: logicalId, attributes: {}, absent: { arn } };
}

/** Deployment calls the services directly: injected faults are for the traffic, not for setting it up. */
export async function callDirectly(
  aws: AwsContext,
  service: string,
  action: string,
  input: Record<string, unknown>,
): Promise<JsonObject> {
  const target = aws.services.all().find(({ name }) => name === service);
  if (target === undefined) throw new CannotRun(`the service ${service} does not run in this embedded AWS`);
  const output = await target.handle(action, input, rootCaller(aws));
  return isJsonObject(output) ? output : {};
}

/** The properties as a service gets them: with secrets and parameters in place of the references to them. */
export async function withSecrets(aws: AwsContext, properties: JsonObject): Promise<JsonObject> {
  const resolved = await resolveDynamicReferences(properties, {
    async secret({ secretId, versionStage, versionId }) {
      const answer = await callDirectly(aws, 'secretsmanager', 'GetSecretValue', {
        SecretId: secretId,
        ...(versionStage === undefined ? {} : { VersionStage: versionStage }),
        ...(versionId === undefined ? {} : { VersionId: versionId }),
      });
      return answered(answer, 'SecretString');
    },
    async parameter(name, version) {
      return answered(await ssmParameter(aws, version === undefined ? name : `${name}:${version}`), 'Value');
    },
  });
  return resolved as JsonObject;
}

/** `AWS::SSM::Parameter::Value<...>` names a parameter in the store; every other type is the value itself. */
async function parameterValue(
  name: string,
  { template, parameters, stackName }: Target,
  aws: AwsContext,
): Promise<Json> {
  const parameter = template.Parameters?.[name];
  const given = parameters[name] ?? parameter?.Default;
  if (parameter === undefined || given === undefined) {
    throw new AssemblyError(
      'WAYBILL_TEMPLATE_UNRESOLVED',
      `The parameter ${name} of the stack ${stackName} has no value and no default. Give it a default in the app.`,
    );
  }
  const allowed = parameter.AllowedValues?.map(String);
  if (allowed !== undefined && !allowed.includes(String(given))) {
    throw new AssemblyError(
      'WAYBILL_TEMPLATE_UNRESOLVED',
      `The parameter ${name} of the stack ${stackName} must be one of ${allowed.join(', ')}.`,
    );
  }
  let value: Json = given;
  if (parameter.Type.startsWith('AWS::SSM::Parameter::Value<')) {
    value = answered(await ssmParameter(aws, String(given)), 'Value');
  }
  if (/List</.test(parameter.Type) || parameter.Type === 'CommaDelimitedList')
    return String(value).split(',');
  return value;
}

async function ssmParameter(aws: AwsContext, name: string): Promise<JsonObject> {
  const answer = await callDirectly(aws, 'ssm', 'GetParameter', { Name: name, WithDecryption: true });
  return isJsonObject(answer['Parameter']) ? answer['Parameter'] : {};
}

function attributeOf(resource: Walked, name: string, logicalId: string, at: string): Json {
  const value = resource.attributes[name] ?? nestedAttribute(resource.attributes, name);
  if (value !== undefined) return value;
  if (resource.unknown !== undefined) return resource.unknown;
  if (resource.absent !== undefined)
    return name.endsWith('Arn') ? resource.absent.arn : `${logicalId}-${name}`;
  throw new AssemblyError(
    'WAYBILL_TEMPLATE_UNRESOLVED',
    `${at} asks for the attribute ${name} of ${logicalId}, which it does not have here. It has: ${Object.keys(resource.attributes).join(', ') || 'none'}.`,
  );
}

/** A custom resource may answer `{ "Endpoint": { "Address": ... } }` for `Endpoint.Address`. */
function nestedAttribute(attributes: JsonObject, name: string): Json | undefined {
  let value: Json | undefined = attributes;
  for (const part of name.split('.')) value = isJsonObject(value) ? value[part] : undefined;
  return value;
}

function missing(what: string, name: string, at: string, stackName: string): AssemblyError {
  return new AssemblyError(
    'WAYBILL_TEMPLATE_UNRESOLVED',
    `${at} refers to the ${what} ${name}, which does not exist. Check the stack ${stackName} and the stacks it depends on.`,
  );
}
