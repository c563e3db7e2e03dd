/**
 * Deploys one stack: creates each resource when it, or something that refers to it, needs it. Resources are made one
 * after the other, so the path of references that led to a resource is always known, and a cycle is told by it.
 */
import { rootCaller } from '../aws/context.ts';
import type { AwsContext } from '../aws/context.ts';
import { resolveDynamicReferences } from './dynamic-references.ts';
import type { DynamicReferenceLookup } from './dynamic-references.ts';
import { AssemblyError, reasonOf } from './errors.ts';
import { isBookkeeping, providerOf } from './providers/index.ts';
import { answered, CannotRun, generatedName } from './providers/provider.ts';
import type { Created, Provider, ProviderContext, Records, StartDatabase } from './providers/provider.ts';
import type { AssemblyStack } from './read-assembly.ts';
import { resolveCondition, resolveValue } from './resolve.ts';
import type { ResolveScope } from './resolve.ts';
import { isJsonObject } from './template.ts';
import type { Json, JsonObject, Template, TemplateResource } from './template.ts';

export interface DeployedResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
}

export interface LeftOutResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly reason: string;
}

export interface IgnoredProperty {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly property: string;
}

export interface DeployedStack {
  readonly name: string;
  readonly displayName: string;
  readonly outputs: Readonly<Record<string, Json>>;
  readonly resources: readonly DeployedResource[];
}

/** What all stacks of one deployment share. */
export interface Deployment {
  readonly aws: AwsContext;
  /** Where files that templates hold as text can be written. */
  readonly workDirectory: string;
  readonly records: Records;
  readonly startDatabase: StartDatabase | undefined;
  /** By `stack name` and `output name`. */
  readonly outputs: Map<string, ReadonlyMap<string, Json>>;
  readonly exports: Map<string, Json>;
  readonly notRun: LeftOutResource[];
  readonly inert: LeftOutResource[];
  readonly ignoredProperties: IgnoredProperty[];
}

interface MadeResource extends Created {
  /** Set when the resource is not there: what refers to it gets made-up values. */
  readonly absent?: { readonly arn: string };
}

export async function deployStack(stack: AssemblyStack, deployment: Deployment): Promise<DeployedStack> {
  const { template, stackName } = stack;
  if (template.Transform !== undefined) {
    throw new AssemblyError(
      'WAYBILL_TEMPLATE_UNSUPPORTED',
      `The stack ${stackName} uses the transform ${JSON.stringify(template.Transform)}, which runs inside AWS and has no local counterpart.`,
    );
  }
  const { aws } = deployment;
  const stackId = `arn:aws:cloudformation:${aws.region}:${aws.accountId}:stack/${stackName}/local`;
  const resources = template.Resources ?? {};
  const made = new Map<string, MadeResource>();
  const deployed: DeployedResource[] = [];

  const scopeAlong = (path: readonly string[]): ResolveScope => ({
    pseudo: {
      accountId: aws.accountId,
      region: aws.region,
      partition: 'aws',
      urlSuffix: 'amazonaws.com',
      stackName,
      stackId,
    },
    async reference(name, at) {
      if (template.Parameters?.[name] !== undefined) return parameterValue(name, stack, aws);
      return (await make(name, path, at)).physicalId;
    },
    async attribute(logicalId, name, at) {
      return attributeOf(await make(logicalId, path, at), name, logicalId, at);
    },
    condition(name, at) {
      const expression = template.Conditions?.[name];
      if (expression === undefined) throw missing('condition', name, at, stackName);
      return expression;
    },
    mapping: (map, top, second) => template.Mappings?.[map]?.[top]?.[second],
    importValue(exportName, at) {
      const value = deployment.exports.get(exportName);
      if (value === undefined) throw missing('export', exportName, at, stackName);
      return value;
    },
    stackOutput(producer, output, at) {
      const value = deployment.outputs.get(producer)?.get(output);
      if (value === undefined) throw missing('stack output', `${producer}.${output}`, at, stackName);
      return value;
    },
  });

  const make = async (logicalId: string, path: readonly string[], at: string): Promise<MadeResource> => {
    const already = made.get(logicalId);
    if (already !== undefined) return already;
    const resource = resources[logicalId];
    if (resource === undefined) throw missing('resource', logicalId, at, stackName);
    if (path.includes(logicalId)) {
      const cycle = [...path.slice(path.indexOf(logicalId)), logicalId].join(' -> ');
      throw new AssemblyError(
        'WAYBILL_TEMPLATE_CYCLE',
        `Resources of the stack ${stackName} depend on each other: ${cycle}. CloudFormation would refuse this too.`,
      );
    }
    const result = await makeResource(logicalId, resource, [...path, logicalId]);
    made.set(logicalId, result);
    return result;
  };

  const makeResource = async (
    logicalId: string,
    resource: TemplateResource,
    path: readonly string[],
  ): Promise<MadeResource> => {
    const type = resource.Type;
    const place = { stack: stackName, logicalId, type };
    const scope = scopeAlong(path);
    const at = `${stackName}.Resources.${logicalId}`;
    const [, service = ''] = type.toLowerCase().split('::');
    const arn = `arn:aws:${service}:${aws.region}:${aws.accountId}:${logicalId}`;
    const absent: MadeResource = { physicalId: logicalId, attributes: {}, absent: { arn } };
    if (
      resource.Condition !== undefined &&
      !(await resolveCondition({ Condition: resource.Condition }, scope, at))
    ) {
      return absent;
    }
    for (const dependency of [resource.DependsOn ?? []].flat())
      await make(dependency, path, `${at}.DependsOn`);
    if (isBookkeeping(type)) return absent;
    const provider = providerOf(type);
    if (provider === undefined) {
      deployment.notRun.push({ ...place, reason: 'the embedded AWS has no such service yet' });
      return absent;
    }
    try {
      const resolved = (await resolveValue(resource.Properties ?? {}, scope, `${at}.Properties`)) ?? {};
      const properties = (await resolveDynamicReferences(resolved, lookupIn(aws))) as JsonObject;
      noteIgnoredProperties(provider, properties, place, deployment);
      const created = await provider.create(properties, providerContext(logicalId, type));
      deployed.push({ ...place, physicalId: created.physicalId });
      if (created.inertBecause !== undefined)
        deployment.inert.push({ ...place, reason: created.inertBecause });
      return created;
    } catch (thrown) {
      if (thrown instanceof CannotRun) {
        deployment.notRun.push({ ...place, reason: thrown.message });
        return absent;
      }
      if (thrown instanceof AssemblyError) throw thrown;
      throw new AssemblyError(
        'WAYBILL_RESOURCE_FAILED',
        `${type} ${logicalId} of the stack ${stackName} could not be created: ${reasonOf(thrown)}`,
        { cause: thrown },
      );
    }
  };

  const providerContext = (logicalId: string, type: string): ProviderContext => ({
    type,
    logicalId,
    stackName,
    stackId,
    aws,
    records: deployment.records,
    startDatabase: deployment.startDatabase,
    workDirectory: deployment.workDirectory,
    asset: (objectKey) => stack.fileAssets.get(objectKey),
    call: (service, action, input) => callService(aws, service, action, input),
    async deployNestedStack(nestedName, nestedTemplate, parameters) {
      const nested = { ...stack, stackName: nestedName, template: nestedTemplate as Template, parameters };
      const { outputs, resources: nestedResources } = await deployStack(nested, deployment);
      deployed.push(...nestedResources);
      return outputs;
    },
    generatedName: (maximumLength) => generatedName(stackName, logicalId, maximumLength),
  });

  for (const logicalId of Object.keys(resources)) await make(logicalId, [], stackName);
  return {
    name: stackName,
    displayName: stack.displayName,
    outputs: await resolveOutputs(stack, scopeAlong([]), deployment),
    resources: deployed,
  };
}

async function resolveOutputs(
  { template, stackName }: AssemblyStack,
  scope: ResolveScope,
  deployment: Deployment,
): Promise<Record<string, Json>> {
  const outputs: Record<string, Json> = {};
  for (const [name, output] of Object.entries(template.Outputs ?? {})) {
    const at = `${stackName}.Outputs.${name}`;
    if (
      output.Condition !== undefined &&
      !(await resolveCondition({ Condition: output.Condition }, scope, at))
    )
      continue;
    const value = (await resolveValue(output.Value, scope, at)) ?? null;
    outputs[name] = value;
    if (output.Export === undefined) continue;
    const exportName = await resolveValue(output.Export.Name, scope, `${at}.Export.Name`);
    if (typeof exportName === 'string') deployment.exports.set(exportName, value);
  }
  deployment.outputs.set(stackName, new Map(Object.entries(outputs)));
  return outputs;
}

/** Deployment calls the services directly: injected faults are for the traffic, not for setting it up. */
async function callService(
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

/** `AWS::SSM::Parameter::Value<...>` names a parameter in the store; every other type is the value itself. */
async function parameterValue(name: string, stack: AssemblyStack, aws: AwsContext): Promise<Json> {
  const parameter = stack.template.Parameters?.[name];
  const given = stack.parameters[name] ?? parameter?.Default;
  if (parameter === undefined || given === undefined) {
    throw new AssemblyError(
      'WAYBILL_TEMPLATE_UNRESOLVED',
      `The parameter ${name} of the stack ${stack.stackName} has no value and no default. Give it a default in the app.`,
    );
  }
  let value: Json = given;
  if (parameter.Type.startsWith('AWS::SSM::Parameter::Value<')) {
    value = answered(await ssmParameter(aws, String(given)), 'Value');
  }
  return /List</.test(parameter.Type) || parameter.Type === 'CommaDelimitedList'
    ? String(value).split(',')
    : value;
}

async function ssmParameter(aws: AwsContext, name: string): Promise<JsonObject> {
  const answer = await callService(aws, 'ssm', 'GetParameter', { Name: name, WithDecryption: true });
  return isJsonObject(answer['Parameter']) ? answer['Parameter'] : {};
}

function lookupIn(aws: AwsContext): DynamicReferenceLookup {
  return {
    async secret({ secretId, versionStage, versionId }) {
      const answer = await callService(aws, 'secretsmanager', 'GetSecretValue', {
        SecretId: secretId,
        ...(versionStage === undefined ? {} : { VersionStage: versionStage }),
        ...(versionId === undefined ? {} : { VersionId: versionId }),
      });
      return answered(answer, 'SecretString');
    },
    async parameter(name, version) {
      return answered(await ssmParameter(aws, version === undefined ? name : `${name}:${version}`), 'Value');
    },
  };
}

function attributeOf(resource: MadeResource, name: string, logicalId: string, at: string): Json {
  const value = resource.attributes[name] ?? nestedAttribute(resource.attributes, name);
  if (value !== undefined) return value;
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

function noteIgnoredProperties(
  provider: Provider,
  properties: JsonObject,
  place: Omit<IgnoredProperty, 'property'>,
  deployment: Deployment,
): void {
  if (provider.honoured.includes('*')) return;
  for (const property of Object.keys(properties)) {
    if (!provider.honoured.includes(property) && !provider.inert.includes(property)) {
      deployment.ignoredProperties.push({ ...place, property });
    }
  }
}

function missing(what: string, name: string, at: string, stackName: string): AssemblyError {
  return new AssemblyError(
    'WAYBILL_TEMPLATE_UNRESOLVED',
    `${at} refers to the ${what} ${name}, which does not exist. Check the stack ${stackName} and the stacks it depends on.`,
  );
}
