/** AWS::StepFunctions::* */
import { readFile } from 'node:fs/promises';

import { answered, CannotRun, defined, listProperty, objectProperty, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html */
const NAME_LENGTH = 80;

const MACHINE_PROPERTIES = [
  'Definition',
  'DefinitionS3Location',
  'DefinitionString',
  'DefinitionSubstitutions',
  'LoggingConfiguration',
  'RoleArn',
  'StateMachineName',
  'StateMachineType',
  'Tags',
];

export const STATES_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::StepFunctions::StateMachine': {
    honoured: MACHINE_PROPERTIES,
    // Traces go nowhere here, and nothing at rest is encrypted.
    inert: ['EncryptionConfiguration', 'TracingConfiguration'],
    replacedOnChange: ['StateMachineName', 'StateMachineType'],
    async create(properties, context) {
      const name = textProperty(properties, 'StateMachineName') ?? context.generatedName(NAME_LENGTH);
      const answer = await context.call('states', 'CreateStateMachine', {
        name,
        ...defined({ type: textProperty(properties, 'StateMachineType') }),
        ...(await settingsOf(properties, context)),
        tags: tagsOf(properties),
      });
      return describedMachine(answered(answer, 'stateMachineArn'), name, context);
    },
    /** Executions that run go on with the definition they began with. */
    async update(created, properties, previous, context) {
      const arn = created.physicalId;
      await context.call('states', 'UpdateStateMachine', {
        stateMachineArn: arn,
        loggingConfiguration: { level: 'OFF', includeExecutionData: false },
        ...(await settingsOf(properties, context)),
      });
      await changeTags(arn, properties, previous, context);
      return describedMachine(arn, textAttribute(created, 'Name'), context);
    },
    async delete(created, _properties, context) {
      await context.call('states', 'DeleteStateMachine', { stateMachineArn: created.physicalId });
    },
  },
  'AWS::StepFunctions::Activity': {
    honoured: ['Name', 'Tags'],
    inert: ['EncryptionConfiguration'],
    replacedOnChange: ['Name'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH);
      const answer = await context.call('states', 'CreateActivity', { name, tags: tagsOf(properties) });
      const arn = answered(answer, 'activityArn');
      return { physicalId: arn, attributes: { Arn: arn, Name: name } };
    },
    async update(created, properties, previous, context) {
      await changeTags(created.physicalId, properties, previous, context);
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('states', 'DeleteActivity', { activityArn: created.physicalId });
    },
  },
  'AWS::StepFunctions::StateMachineVersion': {
    honoured: ['Description', 'StateMachineArn', 'StateMachineRevisionId'],
    inert: [],
    replacedOnChange: ['Description', 'StateMachineArn', 'StateMachineRevisionId'],
    async create(properties, context) {
      const answer = await context.call(
        'states',
        'PublishStateMachineVersion',
        defined({
          stateMachineArn: properties['StateMachineArn'],
          revisionId: textProperty(properties, 'StateMachineRevisionId'),
          description: textProperty(properties, 'Description'),
        }),
      );
      const arn = answered(answer, 'stateMachineVersionArn');
      return { physicalId: arn, attributes: { Arn: arn } };
    },
    async delete(created, _properties, context) {
      await context.call('states', 'DeleteStateMachineVersion', {
        stateMachineVersionArn: created.physicalId,
      });
    },
  },
  'AWS::StepFunctions::StateMachineAlias': {
    // A gradual deployment ends where it leads: all executions go to its version at once.
    honoured: ['DeploymentPreference', 'Description', 'Name', 'RoutingConfiguration'],
    inert: [],
    replacedOnChange: ['Name'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH);
      const answer = await context.call('states', 'CreateStateMachineAlias', {
        name,
        ...aliasSettings(properties),
      });
      const arn = answered(answer, 'stateMachineAliasArn');
      return { physicalId: arn, attributes: { Arn: arn } };
    },
    async update(created, properties, _previous, context) {
      await context.call('states', 'UpdateStateMachineAlias', {
        stateMachineAliasArn: created.physicalId,
        ...aliasSettings(properties),
      });
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('states', 'DeleteStateMachineAlias', { stateMachineAliasArn: created.physicalId });
    },
  },
};

async function describedMachine(arn: string, name: string, context: ProviderContext): Promise<Created> {
  const machine = await context.call('states', 'DescribeStateMachine', { stateMachineArn: arn });
  const revision = answered(machine, 'revisionId');
  return { physicalId: arn, attributes: { Arn: arn, Name: name, StateMachineRevisionId: revision } };
}

async function settingsOf(
  properties: JsonObject,
  context: ProviderContext,
): Promise<Record<string, unknown>> {
  const logging = properties['LoggingConfiguration'];
  return defined({
    definition: await definitionOf(properties, context),
    roleArn: properties['RoleArn'],
    loggingConfiguration: logging === undefined ? undefined : camelCased(logging),
  });
}

async function definitionOf(properties: JsonObject, context: ProviderContext): Promise<string> {
  const text = await writtenDefinition(properties, context);
  const substitutions = objectProperty(properties, 'DefinitionSubstitutions');
  return text.replaceAll(/\$\{([A-Za-z0-9_.]+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(substitutions, name) ? substitutions[name] : undefined;
    if (value === undefined) return whole;
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}

async function writtenDefinition(properties: JsonObject, context: ProviderContext): Promise<string> {
  const text = textProperty(properties, 'DefinitionString');
  if (text !== undefined) return text;
  if (properties['Definition'] !== undefined) return JSON.stringify(properties['Definition']);
  const location = objectProperty(properties, 'DefinitionS3Location');
  const key = textProperty(location, 'Key') ?? '';
  const file = context.asset(key);
  if (file === undefined) {
    throw new CannotRun(
      `its DefinitionS3Location ${textProperty(location, 'Bucket') ?? ''}/${key} is no asset of this assembly: give DefinitionString, or a definition from a file of the project`,
    );
  }
  return readFile(file, 'utf8');
}

function aliasSettings(properties: JsonObject): Record<string, unknown> {
  const preference = objectProperty(properties, 'DeploymentPreference');
  const version = textProperty(preference, 'StateMachineVersionArn');
  const routes = listProperty(properties, 'RoutingConfiguration').filter(isJsonObject);
  return defined({
    description: textProperty(properties, 'Description'),
    routingConfiguration:
      version === undefined
        ? routes.map((route) => ({
            stateMachineVersionArn: route['StateMachineVersionArn'],
            weight: Number(route['Weight']),
          }))
        : [{ stateMachineVersionArn: version, weight: 100 }],
  });
}

function tagsOf(properties: JsonObject): readonly { readonly key: string; readonly value: string }[] {
  return listProperty(properties, 'Tags')
    .filter(isJsonObject)
    .map((tag) => ({ key: textProperty(tag, 'Key') ?? '', value: textProperty(tag, 'Value') ?? '' }));
}

async function changeTags(
  resourceArn: string,
  properties: JsonObject,
  previous: JsonObject,
  context: ProviderContext,
): Promise<void> {
  const tags = tagsOf(properties);
  const lost = tagsOf(previous)
    .map(({ key }) => key)
    .filter((key) => !tags.some((tag) => tag.key === key));
  if (lost.length > 0) await context.call('states', 'UntagResource', { resourceArn, tagKeys: lost });
  if (tags.length > 0) await context.call('states', 'TagResource', { resourceArn, tags });
}

/** CloudFormation writes members in Pascal case, the API in camel case. */
function camelCased(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(camelCased);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      camelCased(item),
    ]),
  );
}

function textAttribute({ attributes }: Created, name: string): string {
  const value = attributes[name];
  return typeof value === 'string' ? value : '';
}
