/** Resolves the resources of stacks: references within and between them, parameters, conditions, nested stacks. */
import { partitionOf, urlSuffixOf } from './arn.ts';
import { nestedStackOf } from './cloud-assembly.ts';
import { attributeOf, identityOf } from './identity.ts';
import type { Identity } from './identity.ts';
import { UNKNOWN_PLACE } from './model.ts';
import type { AssemblyStack, Resource, SourceStack } from './model.ts';
import { resolveConditionExpression, resolveIntrinsics } from './resolve-intrinsics.ts';
import type { IntrinsicScope } from './resolve-intrinsics.ts';
import { isRecord, record } from '../json.ts';
import { isJsonObject } from './template.ts';
import type { Json, JsonObject, Template, TemplateResource } from './template.ts';
import { isUnknown, unknownValue } from './unknown-value.ts';

export interface ResolvedStacks {
  readonly stacks: readonly AssemblyStack[];
  readonly resources: readonly Resource[];
}

export function resolveStacks(sources: readonly SourceStack[]): ResolvedStacks {
  const scopes: StackScope[] = [];
  const world: World = {
    carriedOver: (parameterName) => firstOf(scopes, (scope) => scope.carriedOver(parameterName)),
    output: (stackName, outputName) =>
      scopes.find(({ stack }) => stack.stackName === stackName)?.output(outputName),
    exported: (exportName) => firstOf(scopes, (scope) => scope.exported(exportName)),
  };
  for (const source of sources) scopes.push(...createScopes(source, world));
  return {
    stacks: scopes.map(({ stack }) => stack),
    resources: scopes.flatMap((scope) => scope.resources()),
  };
}

function firstOf(
  scopes: readonly StackScope[],
  find: (scope: StackScope) => Json | undefined,
): Json | undefined {
  for (const scope of scopes) {
    const value = find(scope);
    if (value !== undefined) return value;
  }
  return undefined;
}

interface World {
  /** What a stack in another Region gives by CDK's custom resources: `crossRegionReferences`. */
  carriedOver(parameterName: string): Json | undefined;
  output(stackName: string, outputName: string): Json | undefined;
  exported(exportName: string): Json | undefined;
}

interface StackScope {
  readonly stack: AssemblyStack;
  carriedOver(parameterName: string): Json | undefined;
  resources(): readonly Resource[];
  output(name: string): Json | undefined;
  exported(exportName: string): Json | undefined;
}

/** The stack, and those nested in it. */
function createScopes(
  source: SourceStack,
  world: World,
  parameterOf: (name: string) => Json | undefined = (name) => source.parameters?.[name],
): StackScope[] {
  const template = wellFormed(source.template);
  const stack: AssemblyStack = {
    stackName: source.stackName,
    accountId: source.account ?? UNKNOWN_PLACE.accountId,
    region: source.region ?? UNKNOWN_PLACE.region,
    isPlaced: source.account !== undefined && source.region !== undefined,
    template,
  };
  const identities = new Map<string, Identity | undefined>();
  const conditions = new Map<string, boolean>();
  const nested = new Map<string, StackScope>();

  const identity = (logicalId: string): Identity | undefined => {
    if (identities.has(logicalId)) return identities.get(logicalId);
    const resource = template.Resources?.[logicalId];
    // Undefined while its own name is being resolved, so that a circle ends.
    identities.set(logicalId, undefined);
    if (resource === undefined) return undefined;
    const made = identityOf({
      ...stack,
      logicalId,
      type: resource.Type,
      property(name) {
        const value = resource.Properties?.[name];
        const resolved = value === undefined ? undefined : resolveIntrinsics(value, scope);
        return isUnknown(resolved) && name.endsWith('Name') ? undefined : resolved;
      },
    });
    identities.set(logicalId, made);
    return made;
  };

  const scope: IntrinsicScope = {
    pseudoParameter: (name) => pseudoParameter(name, stack),
    reference(logicalId) {
      const parameter = template.Parameters?.[logicalId];
      if (parameter !== undefined) {
        return parameterOf(logicalId) ?? defaultOf(parameter) ?? unknownValue(`parameter ${logicalId}`);
      }
      return identity(logicalId)?.ref ?? unknownValue(`Ref ${logicalId}`);
    },
    attribute(logicalId, name) {
      const output = /^Outputs\.(.+)$/.exec(name)?.[1];
      const ofNested = output === undefined ? undefined : nested.get(logicalId)?.output(output);
      if (ofNested !== undefined) return ofNested;
      const resource = template.Resources?.[logicalId];
      if (resource?.Type === 'Custom::CrossRegionExportReader') {
        return world.carriedOver(name) ?? unknownValue(`${name}, which is in no stack`);
      }
      const known = identity(logicalId);
      if (resource === undefined || known === undefined) return unknownValue(`${name} of ${logicalId}`);
      return attributeOf(known, resource.Type, logicalId, name);
    },
    condition(name) {
      const known = conditions.get(name);
      if (known !== undefined) return known;
      conditions.set(name, false);
      const holds = resolveConditionExpression(template.Conditions?.[name] ?? false, scope);
      conditions.set(name, holds);
      return holds;
    },
    mapping: (map, topKey, secondKey) => template.Mappings?.[map]?.[topKey]?.[secondKey],
    importValue: (name) => world.exported(name) ?? unknownValue(`Fn::ImportValue ${name}`),
    stackOutput: (stackName, outputName) =>
      world.output(stackName, outputName) ?? unknownValue(`output ${outputName} of ${stackName}`),
  };

  const isThere = ({ Condition }: TemplateResource) => Condition === undefined || scope.condition(Condition);
  const entries = Object.entries(template.Resources ?? {}).filter(([, resource]) => isThere(resource));
  const nestedScopes = entries.flatMap(([logicalId, resource]) => {
    const nestedStack = nestedStackOf(constructPathOf(source, logicalId, resource));
    const nestedTemplate = templateOfNested(source, resource, nestedStack);
    if (nestedTemplate === undefined) return [];
    const parameters = resource.Properties?.['Parameters'];
    const given = isJsonObject(parameters) ? parameters : {};
    const created = createScopes(
      {
        ...source,
        stackName: `${stack.stackName}-${logicalId}`,
        template: nestedTemplate,
        constructPath: (id, inner = nestedStack) =>
          inner === undefined ? undefined : source.constructPath?.(id, inner),
      },
      world,
      (name) => {
        const value = given[name];
        return value === undefined ? undefined : resolveIntrinsics(value, scope);
      },
    );
    if (created[0] !== undefined) nested.set(logicalId, created[0]);
    return created;
  });

  const output = once((name) => {
    const value = template.Outputs?.[name]?.Value;
    return value === undefined ? undefined : resolveIntrinsics(value, scope);
  });
  let outputsByExport: ReadonlyMap<Json, string> | undefined;
  const own: StackScope = {
    stack,
    resources: () =>
      entries.map(([logicalId, resource]) => {
        const { ref, name, arn } = identity(logicalId) ?? { ref: logicalId, name: logicalId, arn: undefined };
        return {
          stack,
          accountId: stack.accountId,
          region: stack.region,
          logicalId,
          type: resource.Type,
          constructPath: constructPathOf(source, logicalId, resource),
          ref,
          name,
          arn,
          properties: propertiesOf(resource, scope),
          source: resource,
        };
      }),
    output,
    carriedOver: once((parameterName) => {
      for (const { Type, Properties } of Object.values(template.Resources ?? {})) {
        if (Type !== 'Custom::CrossRegionExportWriter') continue;
        const { exports } = record(Properties?.['WriterProps']);
        const value = record(exports)[parameterName];
        if (value !== undefined) return resolveIntrinsics(value as Json, scope);
      }
      return undefined;
    }),
    exported(exportName) {
      outputsByExport ??= exportsOf(template, scope);
      const name = outputsByExport.get(exportName);
      return name === undefined ? undefined : output(name);
    },
  };
  return [own, ...nestedScopes];
}

/** The template itself, or one without the entries that are no resources: CloudFormation refuses those. */
function wellFormed(template: Template): Template {
  const entries = Object.entries(template.Resources ?? {});
  const resources = entries.filter(
    ([, resource]: readonly [string, unknown]) => isRecord(resource) && typeof resource['Type'] === 'string',
  );
  return resources.length === entries.length
    ? template
    : { ...template, Resources: Object.fromEntries(resources) };
}

/** Names of outputs by the names of their exports. */
function exportsOf({ Outputs }: Template, scope: IntrinsicScope): ReadonlyMap<Json, string> {
  return new Map(
    Object.entries(Outputs ?? {}).flatMap(([name, { Export }]) => {
      const exportName = Export === undefined ? undefined : resolveIntrinsics(Export.Name, scope);
      return exportName === undefined ? [] : [[exportName, name] as const];
    }),
  );
}

/** Resolves each name once. While it does, there is no value, so that a circle ends. */
function once(resolve: (name: string) => Json | undefined): (name: string) => Json | undefined {
  const known = new Map<string, Json | undefined>();
  return (name) => {
    if (known.has(name)) return known.get(name);
    known.set(name, undefined);
    const value = resolve(name);
    known.set(name, value);
    return value;
  };
}

function propertiesOf(resource: TemplateResource, scope: IntrinsicScope): JsonObject {
  const resolved = resolveIntrinsics(resource.Properties ?? {}, scope);
  return isJsonObject(resolved) ? resolved : {};
}

function pseudoParameter(name: string, { accountId, region, stackName }: AssemblyStack): Json | undefined {
  switch (name) {
    case 'AWS::AccountId':
      return accountId;
    case 'AWS::Region':
      return region;
    case 'AWS::Partition':
      return partitionOf(region);
    case 'AWS::URLSuffix':
      return urlSuffixOf(region);
    case 'AWS::StackName':
      return stackName;
    case 'AWS::StackId':
      return `arn:${partitionOf(region)}:cloudformation:${region}:${accountId}:stack/${stackName}/00000000-0000-0000-0000-000000000000`;
    case 'AWS::NotificationARNs':
      return [];
    default:
      return undefined;
  }
}

/** The default of a parameter of type `AWS::SSM::Parameter::Value` names where the value is kept, not the value. */
function defaultOf({
  Type,
  Default,
}: {
  readonly Type: string;
  readonly Default?: string | number;
}): Json | undefined {
  if (Default === undefined) return undefined;
  return Type.startsWith('AWS::SSM::') ? unknownValue(`SSM parameter ${Default}`) : Default;
}

/** CDK writes the path of a construct into the metadata; that of an L2's own resource ends in `/Resource`. */
function constructPathOf(
  { stackName, constructPath }: SourceStack,
  logicalId: string,
  { Metadata }: TemplateResource,
): string {
  const path = constructPath?.(logicalId) ?? Metadata?.['aws:cdk:path'];
  if (typeof path !== 'string') return `${stackName}/${logicalId}`;
  return path.replace(/\/(?:Resource|Default)$/, '');
}

/** The command line makes CDK write the file into the template; a synth in a program leaves it in the assembly's metadata. */
function templateOfNested(
  { nestedTemplate, nestedTemplateFile }: SourceStack,
  { Type, Metadata }: TemplateResource,
  nestedStack: string | undefined,
) {
  if (Type !== 'AWS::CloudFormation::Stack') return undefined;
  const file = Metadata?.['aws:asset:path'] ?? nestedTemplateFile?.(nestedStack ?? '');
  return typeof file === 'string' ? nestedTemplate?.(file) : undefined;
}
